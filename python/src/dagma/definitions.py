"""The module for `-m dagma.definitions`: the definitions of the Dagma project in which a `dagster` command runs."""

from __future__ import annotations

import gc

from dagma.defs.load import definitions_of
from dagma.executor import dagma_executor
from dagma.project import find_project

defs = definitions_of(find_project(), default_executor=dagma_executor)

# Objects that exist by now, Dagster's modules included, live as long as the process: the collector need not scan
# it each time that Dagster makes as much again from it. With 1,000 assets this is a fifth of the time to load.
gc.freeze()
