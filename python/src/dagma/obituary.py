"""What becomes of a run whose process has died: its end is reported, as soon as that can be done."""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING

from dagma import _compat
from dagma.process import how_it_ended

if TYPE_CHECKING:
    import dagster as dg

_REPORT_PAUSES = (0.2, 1, 2, 5, 10, 30, 60, 120, 300, 600)
"""Seconds between attempts to report a run that died: a disk that is full may be emptied."""


def report_death(instance: dg.DagsterInstance, run_id: str, pid: int, code: int) -> int:
    """Ends the run in the event log; runs in a process forked for it, whose exit code it gives."""
    reason = f"The run worker (pid {pid}) {how_it_ended(code)} before the run was over."
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    for pause in _REPORT_PAUSES:
        try:
            _compat.report_run_died(instance, run_id, reason)
        except Exception as error:  # noqa: BLE001  # such as a full disk
            sys.stderr.write(f"dagma: {reason} That could not be reported: {error}\n")
            time.sleep(pause)
        else:
            return 0
    return 1
