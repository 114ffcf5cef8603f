"""The Celery app of Dagma projects: `dagster-celery worker start -A dagma.celery`.

It is dagster-celery's own. A worker that names it loads the definitions of its project before it forks the processes
of its tasks, and each of those keeps its Node worker.
"""

from __future__ import annotations

from typing import Any

from celery import signals
from dagster_celery.app import app, execute_plan

from dagma.worker.kept import close_kept_workers, keep_workers
from dagma.worker.preload import preload_definitions

__all__ = ["app"]

if str(app.conf.broker_url).startswith(("redis", "sentinel")):
    # A worker takes a step when it can begin with it. One that waits in a worker waits behind another step there, and
    # for an hour if that worker is killed: only then does Redis give it to another one.
    app.conf.worker_disable_prefetch = True


def _prepare(sender: Any, **_: object) -> None:
    keep_workers()  # for tasks in this process or in threads of it
    # Whoever waits for a step that was begun asks its worker for it: one that executes it in its only process does not
    # answer meanwhile.
    app.tasks[execute_plan.name].track_started = "solo" not in str(sender.pool_cls)  # its name or class
    preload_definitions()


def _prepare_process(**_: object) -> None:
    keep_workers()


def _close(**_: object) -> None:
    close_kept_workers()


signals.worker_init.connect(_prepare, weak=False)
signals.worker_process_init.connect(_prepare_process, weak=False)
signals.worker_process_shutdown.connect(_close, weak=False)
signals.worker_shutdown.connect(_close, weak=False)
