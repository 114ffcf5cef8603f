"""The Node worker that was started before its run: kept here until the run's first resource asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dagma.project import Project
    from dagma.worker.node_worker import NodeWorker

_spares: dict[Path, NodeWorker] = {}


def keep_spare(project: Project, worker: NodeWorker) -> None:
    """Keeps the worker for the run that this process will execute."""
    _spares[project.root] = worker


def take_spare(project: Project) -> NodeWorker | None:
    """The spare worker, once; none if it did not come up well."""
    worker = _spares.pop(project.root, None)
    if worker is not None and worker.channel.ended:
        worker.close()
        return None
    return worker


def close_spares() -> None:
    """Ends what no run has taken."""
    while _spares:
        _spares.popitem()[1].close()
