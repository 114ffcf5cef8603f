"""The private APIs of Dagster that the worker pool uses, each with its reason.

There is no public way to write an executor that hands steps to other processes, nor to execute one step there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

# The events of a step outside the process that executes it.
from dagster._core.events import DagsterEvent
from dagster._core.execution.api import execute_plan_iterator

# The plan of one step, as part of the plan of its run.
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.plan.state import KnownExecutionState

# Dagster's options for every executor that runs steps elsewhere.
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._core.execution.tags import get_tag_concurrency_limits_config

# The executor under the step handlers of Docker and Kubernetes.
from dagster._core.executor.step_delegating import CheckStepHealthResult, StepDelegatingExecutor, StepHandler
from dagster._core.system_config.objects import ResolvedRunConfig
from dagster._grpc.types import ExecuteStepArgs
from dagster._serdes import deserialize_value, serialize_value

# How Dagster executes one step in a process that is not the run's, as `dagster api execute_step` does.
from dagster._utils.hosted_user_process import recon_job_from_origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagster._core.executor.step_delegating import StepHandlerContext

__all__ = [
    "STEP_ENDS",
    "CheckStepHealthResult",
    "DagsterEvent",
    "RetryMode",
    "StepHandler",
    "get_retries_config",
    "get_tag_concurrency_limits_config",
]

STEP_ENDS = {
    dg.DagsterEventType.STEP_SUCCESS,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.STEP_UP_FOR_RETRY,
}
"""The last event of an attempt is one of these."""

_LATE_EVENTS = 200
"""Events that are read again at each poll. Workers that write at the same time may commit theirs out of order."""


class PoolExecutor(StepDelegatingExecutor):
    """Dagster's executor, which also sees an event that is committed after one with a higher number."""

    def _get_pop_events_offset(self, instance: dg.DagsterInstance) -> int:
        return int(max(super()._get_pop_events_offset(instance), _LATE_EVENTS))

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[DagsterEvent]:
        """Executes the plan."""
        handler: Any = self._step_handler
        try:
            yield from super().execute(plan_context, execution_plan)
        finally:
            handler.close()


def step_arguments(context: StepHandlerContext) -> str:
    """The arguments of the step, as text: without the instance, whose address may hold a password."""
    args = context.execute_step_args
    return serialize_value(
        ExecuteStepArgs(
            job_origin=args.job_origin,
            run_id=args.run_id,
            step_keys_to_execute=args.step_keys_to_execute,
            retry_mode=args.retry_mode,
            known_state=args.known_state,
        )
    )


def step_of(context: StepHandlerContext) -> tuple[str, int]:
    """The key of the step, and how often it has been retried in this run."""
    args = context.execute_step_args
    assert args.step_keys_to_execute is not None  # noqa: S101
    (key,) = args.step_keys_to_execute
    state = args.known_state.get_retry_state() if args.known_state is not None else None
    return key, 0 if state is None else state.get_attempt_count(key)


def step_handed_out(context: StepHandlerContext, key: str, message: str) -> DagsterEvent:
    """The event that a step waits for a worker."""
    step_context: Any = context.get_step_context(key)
    return DagsterEvent.step_worker_starting(step_context, message=message, metadata={})


def step_events(instance: dg.DagsterInstance, run: dg.DagsterRun, arguments: str) -> Iterator[DagsterEvent]:
    """Executes the step in this process."""
    args = deserialize_value(arguments, ExecuteStepArgs)
    assert args.step_keys_to_execute is not None  # noqa: S101
    planned = _planned(run)
    plan = planned.plan_of(args.step_keys_to_execute, args.known_state or KnownExecutionState())
    yield from execute_plan_iterator(plan, planned.job, run, instance, args.retry_mode, run.run_config)


class _PlannedRun:
    """The job of a run and its plan, which its steps in this process share: both cost more than most steps."""

    def __init__(self, run: dg.DagsterRun) -> None:
        assert run.job_code_origin is not None  # noqa: S101
        self.run_id = run.run_id
        self.job = recon_job_from_origin(run.job_code_origin).get_subset(
            op_selection=run.resolved_op_selection,
            asset_selection=run.asset_selection,
            asset_check_selection=run.asset_check_selection,
        )
        self._definition = self.job.get_definition()
        self._config = ResolvedRunConfig.build(self._definition, run.run_config)
        self._plan = ExecutionPlan.build(self._definition, self._config)

    def plan_of(self, step_keys: Sequence[str], known_state: KnownExecutionState) -> ExecutionPlan:
        """The plan of some steps, as Dagster makes it from the whole plan; dynamic outputs change the whole plan."""
        if known_state.dynamic_mappings:
            return ExecutionPlan.build(self._definition, self._config, step_keys, known_state)
        plan = self._plan._replace(known_state=known_state)
        return plan.build_subset_plan(step_keys, self._definition, self._config)


_last: _PlannedRun | None = None


def _planned(run: dg.DagsterRun) -> _PlannedRun:
    global _last  # noqa: PLW0603
    if _last is None or _last.run_id != run.run_id:
        _last = _PlannedRun(run)
    return _last
