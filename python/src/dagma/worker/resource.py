"""The Dagster resource that keeps one Node worker for the length of a run."""

from __future__ import annotations

import hashlib
import re
import threading
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import dagster as dg

from dagma.errors import LoadError, WorkerStartError
from dagma.worker.code_version import code_of_run, expect_code
from dagma.worker.end_of_run import has_failed
from dagma.worker.interrupts import is_in_run_process
from dagma.worker.kept import end_worker, start_worker
from dagma.worker.spare import take_spare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagma.manifest.types import Digests
    from dagma.project import Project
    from dagma.worker.node_worker import NodeWorker


class WorkerHost:
    """Gives the steps of one run their Node worker: one for all, another only after it has died.

    All have the code of the run, which is that of its process: of the first worker where steps share that process.
    """

    def __init__(self, project: Project, digests: Digests, code_of_run: Callable[[], Digests | None]) -> None:
        self.project = project
        self._digests = digests
        self._code_of_run = lru_cache(maxsize=1)(code_of_run)
        self._worker: NodeWorker | None = None
        self._first: Digests | None = None
        self._warned = False
        self._lock = threading.Lock()

    def start_early(self) -> None:
        """Starts Node before the first step needs it; a step says what went wrong, if something does."""
        try:
            self._spawned()
        except WorkerStartError:
            return

    def worker(self) -> NodeWorker:
        """The run's worker, with the definitions loaded; a `CodeVersionError` where they are not those of the run."""
        code = self._code_of_run()
        if code is not None:
            expect_code(code, self._digests, "The Python process of this step")
        worker = self._spawned()
        worker.release_output(beside_events=not is_in_run_process())
        worker.wait_ready()
        assert worker.channel.digests is not None  # noqa: S101
        self._first = self._first or worker.channel.digests
        expect_code(code or self._first, worker.channel.digests, "The Node worker of this step")
        return worker

    @property
    def is_whole_run(self) -> bool:
        """Whether the steps of the run share this process; otherwise another process ends the run."""
        return self._code_of_run() is None

    def warning(self, worker: NodeWorker) -> str | None:
        """The warning, once per run, if the worker has loaded other definitions than Dagster shows."""
        loaded = worker.channel.digests
        with self._lock:
            if self._warned or loaded is None or loaded.manifest == self._digests.manifest:
                return None
            self._warned = True
        return (
            f"The definitions of {self.project.root} have changed since this code location was loaded "
            f"({self._digests.manifest} then, {loaded.manifest} now). The run uses the new code. "
            "Reload the code location, so that Dagster shows it too."
        )

    def close(self, has_failed: Callable[[], bool]) -> None:
        """Ends the run in the worker, and the worker too, unless this process keeps it for other runs.

        `has_failed` says whether a step of the run has failed in any process: the worker knows of its own steps only.
        """
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is None:
            return
        try:
            if worker.channel.was_ready and has_failed():
                worker.channel.note_failure()
        finally:
            end_worker(worker)

    def _spawned(self) -> NodeWorker:
        with self._lock:
            worker = self._worker
            if worker is not None and worker.channel.ended and worker.channel.was_ready:
                end_worker(worker)
                worker = None
            if worker is None:
                try:
                    worker = take_spare(self.project) or start_worker(self.project)
                except (LoadError, OSError) as error:
                    message = f"The Node worker could not be started. {error}"
                    raise WorkerStartError(message) from error
            self._worker = worker
            return worker


def worker_key(project: Project) -> str:
    """The resource's key, the same on every host: one a project, so that definitions of several can be merged."""
    name = re.sub(r"\W+", "_", project.name).strip("_")
    return f"dagma_worker_{name}_{hashlib.sha256(project.name.encode()).hexdigest()[:6]}"


def _code_of(context: dg.InitResourceContext, worker_key: str) -> Digests | None:
    instance, run = context.instance, context.run
    return None if instance is None or run is None else code_of_run(instance, run.run_id, worker_key)


def _has_failed(context: dg.InitResourceContext) -> bool:
    instance, run = context.instance, context.run
    return instance is not None and run is not None and has_failed(instance, run.run_id)


def worker_resource(project: Project, digests: Digests) -> dg.ResourceDefinition:
    """The resource: opened once per run where the executor keeps a run in one process, otherwise once per step."""
    key = worker_key(project)

    def node_worker(context: dg.InitResourceContext) -> Iterator[WorkerHost]:
        host = WorkerHost(project, digests, partial(_code_of, context, key))
        try:
            host.start_early()
            yield host
        finally:
            host.close(partial(_has_failed, context))

    return dg.ResourceDefinition(
        node_worker, description=f"Runs the steps of {project.name} in Node. It has no settings."
    )
