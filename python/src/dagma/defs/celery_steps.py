"""Fails the steps of a Celery worker that is gone: Celery itself waits for their results forever.

The process that hands steps out asks all workers what they execute, again and again. A worker with the app
`dagma.celery` notes with Celery that it has begun with a step; when it does not answer from then on, or answers without
having the step, the step has failed, and the run with it.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from dagma.errors import CeleryWorkerLostError

if TYPE_CHECKING:
    from collections.abc import Callable

_INTERVAL = 2.0
"""Seconds between two rounds of questions."""

_ANSWER_TIMEOUT = 1.0
_ROUNDS = 5
"""Rounds in a row without a sign of a step before it is taken to be lost."""


def executed_tasks(app: Any) -> set[str] | None:
    """The ids of the tasks that the workers execute; None if they cannot be asked."""
    try:
        answers = app.control.inspect(timeout=_ANSWER_TIMEOUT).active() or {}
    except Exception:  # noqa: BLE001  # whatever the broker raises
        return None
    return {task["id"] for tasks in answers.values() for task in tasks}


class CeleryWorkers:
    """The steps of a run that Celery workers execute."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._begun: set[str] = set()
        """Tasks that a worker has begun, and that have no result yet."""
        self._rounds_without: Counter[str] = Counter()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Asks from now on."""
        threading.Thread(target=self._ask_again, name="dagma-celery-workers", daemon=True).start()

    def stop(self) -> None:
        """The run is over."""
        self._stopped.set()

    def begun(self, task_id: str) -> None:
        """A worker executes the task."""
        self._begun.add(task_id)

    def ended(self, task_id: str) -> None:
        """The task has a result."""
        self._begun.discard(task_id)
        self._rounds_without.pop(task_id, None)

    def is_lost(self, task_id: str) -> bool:
        """Whether the worker that had begun with the task is gone."""
        return self._rounds_without[task_id] >= _ROUNDS

    def ask(self) -> None:
        """One round of questions, if a step has begun; one that cannot be asked counts for nothing."""
        begun = list(self._begun)
        if not begun:
            return
        executed = executed_tasks(self._app)
        if executed is None:
            return
        for task_id in begun:
            self._rounds_without[task_id] = 0 if task_id in executed else self._rounds_without[task_id] + 1

    def _ask_again(self) -> None:
        while not self._stopped.wait(_INTERVAL):
            self.ask()


class StepResult:
    """The result of a step that Celery executes; it fails when the step's worker is gone."""

    def __init__(self, result: Any, workers: CeleryWorkers) -> None:
        self._result = result
        self._workers = workers
        self._lost_by: str | None = None

    def ready(self) -> bool:
        """Whether there is a result, or will be none."""
        if self._result.ready():
            self._lost_by = None
            return True
        if self._result.state == "STARTED":
            self._workers.begun(self._result.id)
            if self._workers.is_lost(self._result.id):
                self._lost_by = str((self._result.info or {}).get("hostname"))
        return self._lost_by is not None

    def get(self) -> Any:
        """The events of the step."""
        self._workers.ended(self._result.id)
        if self._lost_by is not None:
            raise CeleryWorkerLostError(self._lost_by)
        return self._result.get()

    def revoke(self) -> None:
        """Takes the step back if it has not begun."""
        self._result.revoke()


class WatchedSubmission:
    """Submits the steps of a run as dagster-celery does, and watches the workers that execute them."""

    def __init__(self, submit: Callable[..., Any]) -> None:
        self._submit = submit
        self._workers: CeleryWorkers | None = None

    def __call__(self, app: Any, *options: Any) -> StepResult:
        """Puts a step into its queue."""
        if self._workers is None:
            self._workers = CeleryWorkers(app)
            self._workers.start()
        return StepResult(self._submit(app, *options), self._workers)

    def stop(self) -> None:
        """The run is over."""
        if self._workers is not None:
            self._workers.stop()
