"""Backfills in one run and in many, from the run's start to SUCCESS, in one process on Dagster's SQLite storage.

Launching is left out: it costs each of many runs more than the single one, so the ratios are lower bounds.
"""

import json
import logging
import resource
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import dagster as dg
from dagma.storage.event_transactions import record_in_transactions
from dagma.storage.open_databases import databases_kept_open
from python_backfill import backfilled

import dagma

FIRST, LAST, COUNT = "2026-01-01", "2026-01-30", 30
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def seconds(job: dg.JobDefinition, instance: dg.DagsterInstance, **run: object) -> float:
    result = job.execute_in_process(instance=instance, raise_on_error=False, **run)
    if not result.success:
        raise SystemExit(f"{job.name} failed.")
    stats = instance.get_run_stats(result.run_id)
    return float(stats.end_time or 0) - float(stats.start_time or 0)


def one_run(job: dg.JobDefinition, first: str = FIRST, last: str = LAST) -> float:
    with tempfile.TemporaryDirectory() as home, dg.instance_for_test(temp_dir=home) as instance:
        return seconds(job, instance, tags={START: first, END: last})


def many_runs(job: dg.JobDefinition) -> float:
    days = dg.DailyPartitionsDefinition(FIRST).get_partition_keys()[:COUNT]
    with tempfile.TemporaryDirectory() as home, dg.instance_for_test(temp_dir=home) as instance:
        return sum(seconds(job, instance, partition_key=day) for day in days)


def store_alone(count: int, *, kept: bool) -> float:
    """The time that Dagster's event store takes for as many materializations; `kept` as Dagma uses it."""
    with tempfile.TemporaryDirectory() as home, dg.instance_for_test(temp_dir=home) as instance:
        with databases_kept_open() if kept else nullcontext():
            instance.report_runless_asset_event(dg.AssetMaterialization("alone"))  # makes the files
            begun = time.monotonic()
            events = [
                dg.AssetMaterialization("alone", partition=f"k{number}", metadata={"size_bytes": 1})
                for number in range(count)
            ]
            if not kept:
                for event in events:
                    instance.report_runless_asset_event(event)
            else:
                for start in range(0, count, 100):
                    record_in_transactions(instance, [events[start : start + 100]], instance.report_runless_asset_event)
            return time.monotonic() - begun


def main(count: int) -> None:
    logging.disable(logging.CRITICAL)
    definitions = dagma.load_definitions(Path(__file__).parent / "project")
    with databases_kept_open():
        month = definitions.resolve_job_def("month")
        one_run(month)  # Node and Dagster are warm then
        single, single_runs = one_run(month), many_runs(month)
        begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        many = one_run(definitions.resolve_job_def("many"), "k0", f"k{count - 1}")
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begun) / 1024
    python_single = one_run(backfilled(dg.BackfillPolicy.single_run(), {}).resolve_job_def("month"))
    python_runs = many_runs(backfilled(dg.BackfillPolicy.multi_run(), {}).resolve_job_def("month"))
    figures = {
        "single": single,
        "single_runs": single_runs,
        "python_single": python_single,
        "python_runs": python_runs,
        "many": many,
        "many_grown_mb": grown,
        "store": store_alone(count, kept=False),
        "store_kept": store_alone(count, kept=True),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]))
