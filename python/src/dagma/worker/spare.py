"""The Node worker that was started before its run: kept here until the run's first resource asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagma.project import find_toolchain
from dagma.sources import fingerprint, is_unchanged
from dagma.worker.node_worker import NodeWorker

if TYPE_CHECKING:
    from pathlib import Path

    from dagma.project import Project
    from dagma.sources import Fingerprint

_spares: dict[Path, tuple[NodeWorker, Fingerprint]] = {}


def start_spare(project: Project) -> NodeWorker:
    """Starts the worker for the run that this process will execute."""
    sources = fingerprint(project.root)
    worker = NodeWorker(project, find_toolchain(project))
    _spares[project.root] = (worker, sources)
    return worker


def drop_old_spare(project: Project) -> bool:
    """Ends the spare worker if the sources that it has loaded have changed since; whether it did."""
    worker, sources = _spares.get(project.root, (None, frozenset()))
    if worker is None or is_unchanged(sources, fingerprint(project.root), worker.channel.imported_json):
        return False
    worker.kill("the project's sources have changed since it was started")
    close_spares()
    return True


def take_spare(project: Project) -> NodeWorker | None:
    """The spare worker, once; none if it did not come up well."""
    worker, _ = _spares.pop(project.root, (None, None))
    if worker is not None and worker.channel.ended:
        worker.close()
        return None
    return worker


def close_spares() -> None:
    """Ends what no run has taken."""
    while _spares:
        _spares.popitem()[1][0].close()
