"""What `-m dagma.definitions` names: the definitions of the Dagma project in which a `dagster` command runs."""

from __future__ import annotations

import dagster as dg

from dagma.load import definitions_of
from dagma.project import find_project

defs = definitions_of(find_project(), executor=dg.in_process_executor)
