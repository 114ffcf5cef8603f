"""The executor of Dagma jobs: steps of a run that are ready overlap, in threads of the run's one process.

A step in Python only waits for its Node worker, so threads are enough, and all steps share the run's one worker.
"""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma import _compat
from dagma.worker.interrupts import enter_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagma._compat import PlanContext

DEFAULT_MAX_CONCURRENT = 32
"""Steps of one run that continue at a time: they wait for services more than they compute."""

_POLL = 0.1
"""Seconds after which an interrupt, or a slot that became free in a pool, is noticed at the latest."""

_IDLE_POLL = 0.02
_STOP_GRACE = 3.5
"""Seconds that the steps of an interrupted run have to end."""


class _Ended:
    """The last a step's thread says; with the error that Dagster's own step handling let through."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class _StepThreads:
    """The threads of a run's steps, and what they have to say."""

    def __init__(self, context: PlanContext) -> None:
        self.stopping = threading.Event()
        self._context = context
        self._events: queue.SimpleQueue[tuple[str, dg.DagsterEvent | _Ended]] = queue.SimpleQueue()
        self._running: dict[str, list[dg.DagsterEvent]] = {}
        """The steps at work, each with the event by which it ended, if it has: its hooks are running then."""

    @property
    def any_running(self) -> bool:
        return bool(self._running)

    def start(self, step: Any, known_state: Any) -> None:
        step_context = self._context.for_step(step, known_state)
        self._running[step.key] = []
        context = contextvars.copy_context()
        context.run(enter_run, self.stopping)
        threading.Thread(
            target=context.run, args=(self._work, step.key, step_context), name=f"dagma-step-{step.key}", daemon=True
        ).start()

    def events(self, active: Any) -> Iterator[dg.DagsterEvent]:
        """The events of the steps, until one has ended and none is left, or the poll interval has passed."""
        deadline = time.monotonic() + (_POLL if self._running else _IDLE_POLL)
        ended = False
        while True:
            try:
                key, event = self._events.get(timeout=0 if ended else max(0, deadline - time.monotonic()))
            except queue.Empty:
                return
            if isinstance(event, _Ended):
                ended = True
                for last in self._running.pop(key):
                    active.handle_event(last)  # only now: a retry, and what comes after the step, wait for its hooks
                yield from self._end(active, key, event.error)
                continue
            yield event
            if event.is_step_success or event.is_step_failure or event.is_step_up_for_retry:
                self._running[key].append(event)
            else:
                active.handle_event(event)

    def stop(self, active: Any) -> Iterator[dg.DagsterEvent]:
        """Stops the steps; gives what they still say, for a limited time."""
        self.stopping.set()
        deadline = time.monotonic() + _STOP_GRACE
        while self._running and time.monotonic() < deadline:
            yield from self.events(active)

    def _work(self, key: str, step_context: Any) -> None:
        events: list[dg.DagsterEvent] = []
        try:
            for event in _compat.step_events(step_context):
                events.append(event)
                self._events.put((key, event))
            if not self.stopping.is_set():
                for event in _compat.hook_events(step_context, events):
                    self._events.put((key, event))
        except BaseException as error:  # noqa: BLE001  # the main thread decides what it means
            self._events.put((key, _Ended(error)))
        else:
            self._events.put((key, _Ended(None)))

    def _end(self, active: Any, key: str, error: BaseException | None) -> Iterator[dg.DagsterEvent]:
        if error is not None and not self.stopping.is_set():
            raise error
        if self.stopping.is_set():
            return
        active.verify_complete(self._context, key)
        yield from active.plan_events_iterator(self._context)


class DagmaExecutor(dg.Executor):
    """Runs ready steps at the same time; see `dagma_executor`."""

    def __init__(self, retries: Any, max_concurrent: int, tag_limits: list[dict[str, Any]]) -> None:
        self._retries = retries
        self._max_concurrent = max_concurrent
        self._tag_limits = tag_limits

    @property
    def retries(self) -> Any:
        """Whether steps are retried."""
        return self._retries

    def execute(self, plan_context: PlanContext, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        """The events of the whole plan."""
        steps = execution_plan.step_keys_to_execute
        yield _compat.engine_event(plan_context, "Executing steps in threads of this process", steps)
        run_steps = partial(self._run_steps, resumes=plan_context.resume_from_failure)
        yield from _compat.execute_in_this_process(plan_context, run_steps)

    def _run_steps(self, context: PlanContext, plan: Any, *, resumes: bool) -> Iterator[dg.DagsterEvent]:
        if resumes:
            plan, failures = _compat.rest_of_plan(context, plan)
            rest = plan.step_keys_to_execute
            yield _compat.engine_event(context, "Resuming the run with the steps that have not ended", rest)
            yield from failures  # they are in the event log; the end of the run follows from them
        with (
            _compat.active_execution(context, plan, self._max_concurrent, self._tag_limits) as active,
            ExitStack() as output,
        ):
            yield from _compat.capture_output(context, plan, output)
            threads = _StepThreads(context)
            try:
                while not active.is_complete:
                    if _compat.pop_captured_interrupt():
                        active.mark_interrupted()
                        yield from threads.stop(active)
                        raise dg.DagsterExecutionInterruptedError
                    for step in active.get_steps_to_execute():
                        threads.start(step, active.get_known_state())
                    yield from active.concurrency_event_iterator(context)
                    yield from threads.events(active)
                    if not threads.any_running:
                        yield from active.plan_events_iterator(context)
            finally:
                threads.stopping.set()
            try:
                output.close()
            except Exception:  # noqa: BLE001  # as Dagster does: the run has ended well
                yield _compat.output_problem(context, "Exception while cleaning up compute log capture")


@dg.executor(
    name="dagma",
    config_schema={
        "retries": _compat.get_retries_config(),  # type: ignore[no-untyped-call]
        "max_concurrent": dg.Field(
            dg.IntSource,
            default_value=DEFAULT_MAX_CONCURRENT,
            description="Maximum number of steps of the run that execute concurrently.",
        ),
        "tag_concurrency_limits": _compat.get_tag_concurrency_limits_config(),  # type: ignore[no-untyped-call]
    },
)
def dagma_executor(context: dg.InitExecutorContext) -> dg.Executor:
    """Overlaps the ready steps of a run in threads of one process; they share the run's Node worker."""
    config: Mapping[str, Any] = context.executor_config
    max_concurrent = config["max_concurrent"]
    if max_concurrent < 1:
        message = f"max_concurrent is {max_concurrent}: at least one step must be allowed to run."
        raise dg.DagsterInvalidDefinitionError(message)
    retries = _compat.RetryMode.from_config(config["retries"])
    return DagmaExecutor(retries, max_concurrent, list(config.get("tag_concurrency_limits") or []))
