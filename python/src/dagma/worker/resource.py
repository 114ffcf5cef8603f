"""The Dagster resource that keeps one Node worker for the length of a run."""

from __future__ import annotations

import hashlib
import re
import threading
from typing import TYPE_CHECKING

import dagster as dg

from dagma.errors import LoadError, WorkerStartError
from dagma.worker.interrupts import is_in_run_process
from dagma.worker.kept import end_worker, start_worker
from dagma.worker.spare import take_spare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagma.manifest.types import Digests
    from dagma.project import Project
    from dagma.worker.node_worker import NodeWorker


class WorkerHost:
    """Gives the steps of one run their Node worker: one for all, another only after it has died."""

    def __init__(self, project: Project, digests: Digests) -> None:
        self.project = project
        self._digests = digests
        self._worker: NodeWorker | None = None
        self._warned = False
        self._lock = threading.Lock()

    def start_early(self) -> None:
        """Starts Node before the first step needs it; a step says what went wrong, if something does."""
        try:
            self._spawned()
        except WorkerStartError:
            return

    def worker(self) -> NodeWorker:
        """The run's worker, with the definitions loaded."""
        worker = self._spawned()
        worker.release_output(beside_events=not is_in_run_process())
        worker.wait_ready()
        return worker

    def warning(self, worker: NodeWorker) -> str | None:
        """What to tell the user, once a run, when the worker has loaded other definitions than Dagster shows."""
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

    def close(self) -> None:
        """Ends the run in the worker, and the worker too, unless this process keeps it for other runs."""
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
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


def worker_resource(project: Project, digests: Digests) -> dg.ResourceDefinition:
    """The resource: opened once a run where the executor keeps a run in one process, else once a step."""

    def node_worker(_context: dg.InitResourceContext) -> Iterator[WorkerHost]:
        host = WorkerHost(project, digests)
        try:
            host.start_early()
            yield host
        finally:
            host.close()

    return dg.ResourceDefinition(node_worker, description=f"The Node worker of {project.name}.")
