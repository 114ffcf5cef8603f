"""`dagma dev`: Dagster on a developer's machine, for its own browser and programs only."""
