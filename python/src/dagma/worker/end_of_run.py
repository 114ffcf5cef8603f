"""The end of a run: what is known of it, and, where its steps have their own processes, its report to Node.

Each process of a step has telemetry of its own and does not know when the run ends. The process that ends the run
hands the steps out and needs no Node for that: it starts one for a moment, and reports the end once.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from dagma.worker.kept import end_worker, start_worker
from dagma.worker.step_extras import run_started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagma.project import Project

_log = logging.getLogger("dagster.dagma")

_INTERRUPTS = (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)
_CANCELED = {dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED}


def has_failed(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether a step of the run has failed, in any process."""
    try:
        failures = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE, limit=1)
    except Exception:  # noqa: BLE001  # the storage is gone: what is asked for is of telemetry only
        return False
    return len(failures.records) > 0


@contextmanager
def end_reported(project: Project, instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Reports how the run has ended that is executed within."""
    try:
        yield
    except GeneratorExit:  # nobody executes the run to its end
        raise
    except BaseException as error:
        if not (isinstance(error, _INTERRUPTS) and instance.run_will_resume(run_id)):
            _report(project, instance, run_id, is_failure=True)
        raise
    _report(project, instance, run_id, is_failure=has_failed(instance, run_id))


def _report(project: Project, instance: dg.DagsterInstance, run_id: str, *, is_failure: bool) -> None:
    """Whatever goes wrong, the run ends as it would have ended."""
    try:
        run = instance.get_run_by_id(run_id)
        if run is None:
            return
        worker = start_worker(project)
        try:
            worker.release_output(beside_events=True)
            worker.wait_ready()
            is_canceled = is_failure and run.status in _CANCELED
            worker.channel.observe_end(
                {
                    "run_id": run_id,
                    "job_name": run.job_name,
                    "partition_key": run.tags.get("dagster/partition"),
                    "run_started": run_started(instance, run_id),
                    "status": "canceled" if is_canceled else "failure" if is_failure else "success",
                }
            )
        finally:
            end_worker(worker)
    except Exception as error:  # noqa: BLE001  # of telemetry only
        _log.warning("The end of run %s could not be reported to its telemetry. %s", run_id, error)
