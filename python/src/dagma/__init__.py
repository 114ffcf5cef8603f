"""Dagma's host for Dagster: a TypeScript project's assets as real Dagster definitions.

`import dagma` is light; Dagster is loaded when something of this package is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagma.defs.component import DagmaProjectComponent as DagmaProjectComponent
    from dagma.defs.load import load_definitions as load_definitions
    from dagma.errors import DagmaError as DagmaError
    from dagma.errors import LoadError as LoadError
    from dagma.errors import StepError as StepError

__version__ = "0.1.0"

__all__ = ["DagmaError", "DagmaProjectComponent", "LoadError", "StepError", "__version__", "load_definitions"]

_HOMES = {
    "DagmaError": "dagma.errors",
    "DagmaProjectComponent": "dagma.defs.component",
    "LoadError": "dagma.errors",
    "StepError": "dagma.errors",
    "load_definitions": "dagma.defs.load",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    message = f"module 'dagma' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
