"""Makes a range of partitions, and dies between the commit of the run's file and that of the index of all runs."""

import os
import sys
from pathlib import Path

import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

import dagma
from dagma.storage.open_databases import databases_kept_open

PROJECT, HOME, JOB, FIRST, LAST, UNCOMMITTED = sys.argv[1:]


@event.listens_for(Engine, "commit")
def die_before_the_index(connection: Connection) -> None:
    """Ends the process when the index is about to have what `UNCOMMITTED` finds."""
    if str(connection.engine.url).endswith("/index.db") and connection.exec_driver_sql(UNCOMMITTED).first():
        os._exit(9)


with dg.DagsterInstance.local_temp(HOME) as instance, databases_kept_open():
    job = dagma.load_definitions(Path(PROJECT)).resolve_job_def(JOB)
    tags = {"dagster/asset_partition_range_start": FIRST, "dagster/asset_partition_range_end": LAST}
    job.execute_in_process(instance=instance, tags=tags)
