"""Reports the end of a run whose process has died, as soon as that is possible."""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING

import dagster as dg

from dagma import _compat
from dagma.process import how_it_ended

if TYPE_CHECKING:
    from dagma.launch.child import Child

_REPORT_PAUSES = (0.2, 1, *(2,) * 300, *(30,) * 120)
"""Seconds between attempts to report a run that died: a disk that is full may be emptied."""


def report_death(instance: dg.DagsterInstance, run_id: str, reason: str) -> int:
    """Ends the run in the event log; runs in a process forked for it, whose exit code it gives."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    said = False
    for pause in _REPORT_PAUSES:
        try:
            _report(instance, run_id, reason)
        except Exception as error:  # noqa: BLE001  # such as a full disk
            if not said:
                sys.stderr.write(f"dagma: {reason} Its failure cannot be recorded yet; retrying: {error}\n")
            said = True
            time.sleep(pause)
        else:
            return 0
    return 1


def _report(instance: dg.DagsterInstance, run_id: str, reason: str) -> None:
    run = instance.get_run_by_id(run_id)
    if run is not None and run.status is dg.DagsterRunStatus.STARTED and instance.run_will_resume(run_id):
        instance.report_engine_event(reason, run)  # the daemon finds it and launches it again
    else:
        _compat.report_run_died(instance, run_id, reason)


def cause_of_death(child: Child, code: int) -> str:
    """A sentence on a run worker that ended before its run did."""
    worker = f"The run worker (pid {child.pid})"
    if child.lost is not None:
        return f"{worker} could not record the run's end: {child.lost}"
    return f"{worker} {how_it_ended(code)} before the run ended."
