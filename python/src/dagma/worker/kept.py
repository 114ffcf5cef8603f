"""Node workers that outlive their run, in a process that executes steps of many runs: a Celery worker.

A Node worker serves one run at a time. When the run has ended, the worker waits here for the next one: until its
sources or the variables of this process have changed, it has waited for long, or nobody is left to give it a run.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dagma.project import find_toolchain
from dagma.sources import fingerprint, is_unchanged
from dagma.worker.node_worker import NodeWorker

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagma.project import Project
    from dagma.sources import Fingerprint

IDLE_SECONDS = 300.0
"""How long a worker waits for a run."""

_LOOK = 2.0
"""Seconds after which one that has waited long enough is ended."""

_log = logging.getLogger("dagster.dagma")


class _Loaded(NamedTuple):
    """The files that a worker has read at its start."""

    project: Project
    sources: Fingerprint
    environment: dict[str, str]


class _Idle(NamedTuple):
    worker: NodeWorker
    loaded: _Loaded
    since: float

    def has_loaded(self, now: _Loaded) -> bool:
        """Whether a worker that starts now would load the same."""
        (project, sources, environment), imported = self.loaded, self.worker.channel.imported_json
        return (project, environment) == (now.project, now.environment) and is_unchanged(sources, now.sources, imported)


class KeptWorkers:
    """The Node workers of this process: those that serve a run, and those that wait for one."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._idle: list[_Idle] = []
        self._serving: dict[NodeWorker, _Loaded] = {}
        self._lock = threading.Lock()
        self._parent = os.getppid()
        self._watch: threading.Thread | None = None

    def start(self, project: Project) -> NodeWorker:
        """A worker for a run: one that waits and has loaded what a new one would, otherwise a new one."""
        loaded = _Loaded(project, fingerprint(project.root), dict(os.environ))
        worker = self._take(loaded) or NodeWorker(project, find_toolchain(project))
        with self._lock:
            self._serving[worker] = loaded
        return worker

    def end(self, worker: NodeWorker) -> None:
        """The worker's run is over: it waits for another one, or ends."""
        with self._lock:
            loaded = self._serving.pop(worker, None)
        if loaded is None:  # not one of these
            worker.close()
            return
        try:
            reason = worker.end_run()
        except BaseException:
            worker.close()
            raise
        if reason is not None:
            _log.info("Node worker %d of %s ends: %s.", worker.pid, loaded.project.name, reason)
            worker.close()
            return
        with self._lock:
            self._idle.append(_Idle(worker, loaded, time.monotonic()))
            if self._watch is None:
                self._watch = threading.Thread(target=self._end_idle, name="dagma-idle-workers", daemon=True)
                self._watch.start()

    def close(self) -> None:
        """Ends all that wait."""
        self._close_where(lambda _: True)

    def _take(self, loaded: _Loaded) -> NodeWorker | None:
        self._close_where(lambda idle: idle.loaded.project == loaded.project and not idle.has_loaded(loaded))
        with self._lock:
            for idle in reversed(self._idle):  # the one that has served last
                if idle.has_loaded(loaded):
                    self._idle.remove(idle)
                    break
            else:
                return None
        if not idle.worker.channel.ended:
            return idle.worker
        idle.worker.close()
        return self._take(loaded)

    def _close_where(self, holds: Callable[[_Idle], bool]) -> None:
        with self._lock:
            ending = [idle for idle in self._idle if holds(idle)]
            self._idle = [idle for idle in self._idle if idle not in ending]
        for idle in ending:
            idle.worker.close()

    def _end_idle(self) -> None:
        pause = threading.Event()
        while not pause.wait(_LOOK):
            self._close_where(partial(_has_waited, self._since()))

    def _since(self) -> float:
        """Those that wait since then, or longer, end: all when the process that gives work to this one is gone."""
        is_orphan = os.getppid() != self._parent
        return time.monotonic() - (0 if is_orphan else self._idle_seconds)


def _has_waited(since: float, idle: _Idle) -> bool:
    return idle.since <= since


_kept: KeptWorkers | None = None


def keep_workers() -> None:
    """Keeps Node workers in this process from now on."""
    global _kept  # noqa: PLW0603
    _kept = KeptWorkers()


def close_kept_workers() -> None:
    """Ends those that wait for a run."""
    if _kept is not None:
        _kept.close()


def start_worker(project: Project) -> NodeWorker:
    """A Node worker for a run; `end_worker` ends the run."""
    return NodeWorker(project, find_toolchain(project)) if _kept is None else _kept.start(project)


def end_worker(worker: NodeWorker) -> None:
    """The run of the worker is over."""
    if _kept is None:
        worker.close()
    else:
        _kept.end(worker)
