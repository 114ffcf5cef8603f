"""What `-m dagma.definitions` names: the definitions of the Dagma project in which a `dagster` command runs."""

from __future__ import annotations

from dagma.executor import dagma_executor
from dagma.load import definitions_of
from dagma.project import find_project

defs = definitions_of(find_project(), executor=dagma_executor)
