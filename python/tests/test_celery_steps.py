"""Which steps of Celery workers are taken to be lost; test_isolated_steps.py kills real ones."""

from __future__ import annotations

from typing import Any

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
