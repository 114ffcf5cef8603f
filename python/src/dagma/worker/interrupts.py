"""Tells the steps of a run, each in its thread, that the run is being interrupted.

Python delivers signals to the main thread only. There the executor notices them; a step's thread, which waits for Node,
asks here.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    import threading

_run_is_stopping: ContextVar[threading.Event | None] = ContextVar("dagma_run_is_stopping", default=None)


def enter_run(stopping: threading.Event) -> None:
    """Notes in the current context which event says that the run stops."""
    _run_is_stopping.set(stopping)


def raise_if_interrupted() -> None:
    """Raises Dagster's interrupt when the run of the current context is being stopped."""
    stopping = _run_is_stopping.get()
    if stopping is not None and stopping.is_set():
        raise dg.DagsterExecutionInterruptedError
