"""Which steps of Celery workers are taken to be lost; test_isolated_steps.py kills real ones."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import dagster as dg
import pytest

from dagma.defs.celery_steps import CeleryWorkers, StepResult
from dagma.errors import CeleryWorkerLostError


class App:
    """A Celery app whose workers answer what the test says."""

    def __init__(self) -> None:
        self.executed: dict[str, list[str]] = {}
        self.broken = False

    @property
    def control(self) -> App:
        return self

    def inspect(self, **_: object) -> App:
        if self.broken:
            raise ConnectionError
        return self

    def active(self) -> dict[str, Any] | None:
        return {worker: [{"id": task} for task in tasks] for worker, tasks in self.executed.items()} or None


class Result:
    """A result of Celery's, in the state that the test says."""

    def __init__(self, task_id: str) -> None:
        self.id = task_id
        self.state = "PENDING"
        self.info = {"hostname": f"the worker of {task_id}", "pid": 1}

    def ready(self) -> bool:
        return self.state == "SUCCESS"

    def get(self) -> list[str]:
        return [f"events of {self.id}"]


def test_a_step_is_lost_when_its_worker_shows_no_sign_of_it() -> None:
    app = App()
    workers = CeleryWorkers(app)
    results = {name: Result(name) for name in ("begun", "queued", "done")}
    steps = {name: StepResult(result, workers) for name, result in results.items()}

    def ready_after(rounds: int) -> list[str]:
        for _ in range(rounds):
            for step in steps.values():
                step.ready()
            workers.ask()
        return [name for name, step in steps.items() if step.ready()]

    assert ready_after(9) == []  # they wait in the queue
    results["begun"].state = results["done"].state = "STARTED"
    app.executed = {"first": ["begun"], "second": ["done"]}
    assert ready_after(9) == []
    app.broken = True
    assert ready_after(9) == []
    app.broken, app.executed = False, {}
    assert ready_after(4) == []
    app.executed = {"first": ["begun"], "second": ["done"]}
    assert ready_after(4) == []
    app.executed = {"first": []}  # it was started again under its name
    assert ready_after(5) == ["begun", "done"]
    results["done"].state = "SUCCESS"  # it came all the same
    assert ready_after(0) == ["begun", "done"]
    assert steps["done"].get() == ["events of done"]
    with pytest.raises(CeleryWorkerLostError, match="the worker of begun had begun with the step and is gone"):
        steps["begun"].get()


class Task:
    """The state of a run's task that Celery has stored."""

    id, state, revoked = "task", "PENDING", False

    def revoke(self, *, terminate: bool) -> None:
        self.revoked = terminate


class RunApp(App):
    """A Celery app with the task of a run."""

    def __init__(self) -> None:
        super().__init__()
        self.task = Task()

    def AsyncResult(self, task_id: str) -> Task:  # noqa: N802  # Celery's name
        assert task_id == self.task.id
        return self.task


def run_with(instance: dg.DagsterInstance, app: RunApp) -> tuple[Any, dg.DagsterRun]:
    if os.environ.get("CI") != "true":
        pytest.importorskip("dagster_celery")
    launcher: Any = import_module("dagma.celery_launcher").DagmaCeleryRunLauncher(default_queue="dagster")
    launcher.register_instance(instance)
    launcher.celery = app
    job = dg.GraphDefinition("empty").to_job()
    return launcher, instance.create_run_for_job(job, tags={"dagster-celery/task_id": "task"})


@pytest.mark.parametrize(("state", "after"), [("STARTED", "CANCELING"), ("PENDING", "CANCELED")])
def test_a_run_that_is_terminated_is_canceled(instance: dg.DagsterInstance, state: str, after: str) -> None:
    app = RunApp()
    launcher, run = run_with(instance, app)
    app.task.state = state
    assert launcher.terminate(run.run_id)
    assert app.task.revoked
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.status.value == after


def test_a_run_that_no_worker_executes_is_lost(instance: dg.DagsterInstance) -> None:
    app = RunApp()
    launcher, run = run_with(instance, app)

    def health(state: str, executed: list[str] | None) -> str:
        app.task.state, app.broken, app.executed = state, executed is None, {"one": executed or [], "two": ["other"]}
        return str(launcher.check_run_worker_health(run).status.value)

    assert health("STARTED", []) == "RUNNING"
    assert [health("STARTED", None) for _ in range(3)] == ["RUNNING"] * 3, "a broker that is away says nothing"
    assert health("STARTED", ["task"]) == "RUNNING"
    assert [health("STARTED", []) for _ in range(2)] == ["RUNNING", "FAILED"]
    assert health("PENDING", ["task"]) == "RUNNING", "Celery forgets states after a day"
    assert health("FAILURE", ["task"]) == "FAILED"
