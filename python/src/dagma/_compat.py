"""The only module that may touch Dagster beyond its public interface, each item with its reason.

Nothing needs it yet. `tests/test_imports.py` fails when another module imports `dagster._*` or `dagster_shared`.
"""
