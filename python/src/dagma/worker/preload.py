"""Loads the definitions of the project here before this process forks those that execute its steps."""

from __future__ import annotations

import logging
from importlib import import_module

from dagma.errors import LoadError, ProjectNotFoundError

_log = logging.getLogger("dagster.dagma")


def preload_definitions() -> None:
    """Loads them, with their jobs; what is wrong with them is logged, and said by each step again."""
    try:
        import_module("dagma.definitions").defs.get_repository_def().get_all_jobs()
    except ProjectNotFoundError:
        return  # it executes steps of code locations that merge projects: each loads with its first step
    except LoadError as error:
        _log.warning("The definitions could not be loaded, and steps will fail. %s", error)
