"""Tells the steps of a run, each in its thread, that the run is being interrupted.

Python delivers signals to the main thread only. There the executor notices them; a step's thread, which waits for Node,
asks here. A step in its own process may get no signal at all, as under Celery: it asks the instance.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import dagster as dg

from dagma.errors import RunEndedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_WATCH_INTERVAL = 2.0
"""Seconds after which the status of a run is read again."""

_run_is_stopping: ContextVar[threading.Event | None] = ContextVar("dagma_run_is_stopping", default=None)
_run_has_ended: ContextVar[threading.Event | None] = ContextVar("dagma_run_has_ended", default=None)


def enter_run(stopping: threading.Event) -> None:
    """Notes in the current context which event says that the run stops."""
    _run_is_stopping.set(stopping)


def is_in_run_process() -> bool:
    """Whether Dagma's executor runs the current step, in the process of the run."""
    return _run_is_stopping.get() is not None


def raise_if_interrupted() -> None:
    """Raises Dagster's interrupt when the run of the current context is being stopped, or an error when it is over."""
    stopping, ended = _run_is_stopping.get(), _run_has_ended.get()
    if stopping is not None and stopping.is_set():
        raise dg.DagsterExecutionInterruptedError
    if ended is not None and ended.is_set():
        raise RunEndedError


@contextmanager
def ends_with_run(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Lets a step within end when its run is canceled or over, unless an executor in this process sees to that."""
    if is_in_run_process():
        yield
        return
    if _is_over(instance, run_id):  # while the step waited in a queue
        raise RunEndedError
    ended, done = threading.Event(), threading.Event()

    def watch() -> None:
        while not done.wait(_WATCH_INTERVAL):
            try:
                is_over = _is_over(instance, run_id)
            except Exception:  # noqa: BLE001, S112  # asked again in two seconds
                continue
            if is_over:
                ended.set()
                return

    token = _run_has_ended.set(ended)
    threading.Thread(target=watch, name="dagma-run-watch", daemon=True).start()
    try:
        yield
    finally:
        done.set()
        _run_has_ended.reset(token)


def _is_over(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is None or run.is_finished or run.status is dg.DagsterRunStatus.CANCELING
