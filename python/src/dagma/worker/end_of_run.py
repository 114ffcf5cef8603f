"""The end of a run whose steps have their own processes: reported to Node once, by the process that ends the run.

Each process of a step has telemetry of its own and does not know when the run ends. This process hands the steps out
and needs no Node for that: it starts one for a moment.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from dagma.worker.kept import end_worker, start_worker
from dagma.worker.step_extras import run_started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagma.project import Project

_log = logging.getLogger("dagster.dagma")

_INTERRUPTS = (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)
_CANCELED = {dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED}


@contextmanager
def end_reported(
    project: Project, instance: dg.DagsterInstance, run_id: str
) -> Iterator[Callable[[dg.DagsterEvent], None]]:
    """Reports how the run has ended that is executed within; gives what must see its events."""
    has_failed = False

    def see(event: dg.DagsterEvent) -> None:
        nonlocal has_failed
        has_failed = has_failed or event.is_step_failure

    try:
        yield see
    except GeneratorExit:  # nobody executes the run to its end
        raise
    except BaseException as error:
        if not (isinstance(error, _INTERRUPTS) and instance.run_will_resume(run_id)):
            _report(project, instance, run_id, has_failed=True)
        raise
    _report(project, instance, run_id, has_failed=has_failed)


def _report(project: Project, instance: dg.DagsterInstance, run_id: str, *, has_failed: bool) -> None:
    """Whatever goes wrong, the run ends as it would have ended."""
    try:
        run = instance.get_run_by_id(run_id)
        if run is None:
            return
        worker = start_worker(project)
        try:
            worker.release_output(beside_events=True)
            worker.wait_ready()
            is_canceled = has_failed and run.status in _CANCELED
            worker.channel.observe_end(
                {
                    "run_id": run_id,
                    "job_name": run.job_name,
                    "partition_key": run.tags.get("dagster/partition"),
                    "run_started": run_started(instance, run_id),
                    "status": "canceled" if is_canceled else "failure" if has_failed else "success",
                }
            )
        finally:
            end_worker(worker)
    except Exception as error:  # noqa: BLE001  # of telemetry only
        _log.warning("The end of run %s could not be reported to its telemetry. %s", run_id, error)
