"""One process of the pool: takes a step at a time from the queue, and keeps its Node worker from step to step."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import dagster as dg
import procrastinate
from procrastinate.manager import JobManager

from dagma.pool import _compat
from dagma.pool.queue import HEARTBEAT, LEASE, TASK, conninfo
from dagma.worker.kept import close_kept_workers, keep_workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LEASE_MARGIN = 3.0
"""Seconds before the end of its lease at which a worker that cannot renew it ends."""

_WATCH = 0.5

_NEVER = 1e6
"""Procrastinate's own heartbeats end when a worker is drained, while its last step still runs."""

_log = logging.getLogger("dagster.dagma")

_REGISTER = """
INSERT INTO dagma_workers (worker_id, name, details) VALUES (%(worker_id)s, %(name)s, %(details)s)
ON CONFLICT DO NOTHING
"""


class WorkerDescription(NamedTuple):
    """The description of a worker for others."""

    name: str
    queues: Sequence[str]
    details: Mapping[str, Any]


class StepNotReportedError(Exception):
    """A step ended, and Dagster has no event that says how."""


class _Lease:
    """The time until which others believe that this worker lives. When it cannot be renewed, the process ends first.

    Only then may another worker execute its step again: at most one of them does at a time.
    """

    def __init__(self) -> None:
        self._renewed = time.monotonic()
        self._parent = os.getppid()
        self._is_draining = False

    def renew(self, asked: float) -> None:
        """The database has the heartbeat that was sent then."""
        self._renewed = asked

    def watch(self) -> None:
        """In a thread, until the process ends."""
        pause = threading.Event()
        while not pause.wait(_WATCH):
            if time.monotonic() - self._renewed > LEASE - _LEASE_MARGIN:
                os.kill(os.getpid(), signal.SIGKILL)
            if os.getppid() != self._parent and not self._is_draining:
                self._is_draining = True  # nobody starts this process again or drains it
                os.kill(os.getpid(), signal.SIGTERM)


class _Manager(JobManager):  # type: ignore[misc]  # types are checked alike without it
    """Procrastinate's, which also describes the worker, and renews its lease."""

    def __init__(self, connector: Any, description: WorkerDescription, lease: _Lease) -> None:
        super().__init__(connector)
        self._description = description
        self._lease = lease
        self._worker_id: int | None = None

    async def register_worker(self) -> int:
        """Registers the worker with its description."""
        asked = time.monotonic()
        worker_id = await super().register_worker()
        found = self._description
        details = {**found.details, "queues": list(found.queues)}
        await self.connector.execute_query_async(_REGISTER, worker_id=worker_id, name=found.name, details=details)
        self._lease.renew(asked)
        self._worker_id = worker_id
        return int(worker_id)

    async def keep_lease(self) -> None:
        """Renews the lease until it is canceled: also while the worker finishes its last step."""
        while True:
            await asyncio.sleep(HEARTBEAT)
            if self._worker_id is None:
                continue
            asked = time.monotonic()
            try:
                await self.update_heartbeat(self._worker_id)
            except procrastinate.exceptions.ConnectorException as error:
                cause = type(error.__cause__ or error).__name__
                _log.warning("The database of the worker pool does not answer: %s", cause)
            else:
                self._lease.renew(asked)


class _Steps:
    """Executes steps in this process."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance

    def execute(self, run_id: str, step_key: str, arguments: str) -> None:
        """Executes one; returns when Dagster knows how it ended."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or run.status is dg.DagsterRunStatus.CANCELING:
            return
        ended = False
        try:
            for event in _compat.step_events(self._instance, run, arguments):
                ended = ended or event.event_type in _compat.STEP_ENDS
        except Exception as error:
            message = f"The step could not be executed: {type(error).__name__}: {error}"
            self._instance.report_engine_event(message, run, step_key=step_key)
            raise
        if not ended:
            raise StepNotReportedError(step_key)


def serve(description: WorkerDescription) -> None:
    """Executes steps until SIGTERM, and then the one in hand."""
    keep_workers()
    lease = _Lease()
    threading.Thread(target=lease.watch, name="dagma-lease", daemon=True).start()
    with dg.DagsterInstance.get() as instance:
        connector = procrastinate.PsycopgConnector(conninfo=conninfo(instance), min_size=1, max_size=2)
        app = procrastinate.App(connector=connector)
        app.job_manager = manager = _Manager(connector, description, lease)
        app.task(name=TASK)(_Steps(instance).execute)
        try:
            asyncio.run(_serve(app, manager, description))
        finally:
            close_kept_workers()


async def _serve(app: procrastinate.App, manager: _Manager, description: WorkerDescription) -> None:
    async with app.open_async():
        lease = asyncio.create_task(manager.keep_lease())
        try:
            await app.run_worker_async(
                queues=list(description.queues),
                name=description.name,
                concurrency=1,
                fetch_job_polling_interval=HEARTBEAT,
                update_heartbeat_interval=_NEVER,
                stalled_worker_timeout=LEASE,
                delete_jobs=procrastinate.jobs.DeleteJobCondition.SUCCESSFUL,
            )
        finally:
            lease.cancel()


def quiet_library() -> None:
    """Procrastinate logs each step, on the descriptor that is captured as the step's own output."""
    import_module("procrastinate")
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
