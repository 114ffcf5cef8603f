"""A run launcher for whole runs on Celery workers: dagster-celery's own, with an end for runs that it leaves open.

`dagster.yaml` names it: `run_launcher: {module: dagma.celery_launcher, class: DagmaCeleryRunLauncher}`, with the config
of dagster-celery's `CeleryRunLauncher`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_celery.config import TASK_RESUME_JOB_NAME
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from dagster_celery.tasks import create_resume_job_task

from dagma._compat import CheckRunHealthResult, WorkerStatus, packed_resume
from dagma.defs.celery_steps import executed_tasks

if TYPE_CHECKING:
    from dagster import DagsterRun

_ROUNDS = 2
"""Checks in a row without a worker that executes a run before it is taken to be lost."""


class DagmaCeleryRunLauncher(CeleryRunLauncher):  # type: ignore[misc,unused-ignore]
    """Runs that are terminated end as CANCELED, and runs whose worker is gone are found by run monitoring."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self._rounds_without: Counter[str] = Counter()

    def terminate(self, run_id: str) -> bool:
        """Cancels a run: its process is interrupted, or a worker that finds it in its queue drops it."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if run.status is not dg.DagsterRunStatus.CANCELING:
            self._instance.report_run_canceling(run)
        task = self._task_of(run)
        has_begun = task.state == "STARTED"
        task.revoke(terminate=True)
        if not has_begun:
            self._instance.report_run_canceled(run, "The run was canceled before a Celery worker began with it.")
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether a worker executes the run: what Celery has stored does not say that its machine is gone."""
        stored: CheckRunHealthResult = super().check_run_worker_health(run)
        if stored.status in {WorkerStatus.SUCCESS, WorkerStatus.FAILED}:
            return stored
        task_id = self._task_of(run).id
        executed = executed_tasks(self.celery)
        if executed is not None:
            self._rounds_without[task_id] = 0 if task_id in executed else self._rounds_without[task_id] + 1
        if self._rounds_without[task_id] < _ROUNDS:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "No Celery worker executes the run.")

    def resume_run(self, context: Any) -> None:
        """As Dagster's, which makes the task of something else than its app (1.11), or names its argument otherwise."""
        run = context.dagster_run
        task = create_resume_job_task(self.celery).si(resume_job_args_packed=packed_resume(self._instance, run))
        self._launch_celery_task_run(run=run, task_signature=task, routing_key=TASK_RESUME_JOB_NAME)

    def _task_of(self, run: DagsterRun) -> Any:
        return self.celery.AsyncResult(run.tags[DAGSTER_CELERY_TASK_ID_TAG])
