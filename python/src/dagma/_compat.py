"""The parts of Dagster that Dagma uses beyond its public interface, each with its reason; its folders have more.

Dagster has no public way to write an executor that shares one process, nor to write a run launcher; its own
integration packages import the same names. `tests/test_imports.py` fails when another module imports `dagster._*` or
`dagster_shared`; the tests of executor and launcher run on the oldest and the newest Dagster supported.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

# A run's origin says how its definitions are loaded; a launcher must know to load them itself.
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.events import EngineEventData, JobFailureData, RunFailureReason
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.compute_logs import create_compute_log_file_key
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.plan.execute_plan import _trigger_hook, dagster_event_sequence_for_step
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext

# `Executor.retries` is public and must return one; the class is not exported.
from dagster._core.execution.retries import RetryMode, get_retries_config

# The same limits by tag as Dagster's multiprocess executor has, in the same form.
from dagster._core.execution.tags import get_tag_concurrency_limits_config

# The interface of run launchers: a plugin point that dagster.yaml documents, whose classes are not exported.
from dagster._core.instance import InstanceRef
from dagster._core.launcher.base import (
    CheckRunHealthResult,
    LaunchRunContext,
    ResumeRunContext,
    RunLauncher,
    WorkerStatus,
)

# Classes that dagster.yaml names, and how Dagster hands an instance, or a run to resume, to another process.
from dagster._grpc.types import ResumeRunArgs
from dagster._serdes import ConfigurableClass, ConfigurableClassData, deserialize_value, pack_value, serialize_value
from dagster._utils.error import serializable_error_info_from_exc_info

# An executor on the main thread holds interrupts back, and asks for them when it can act on them.
from dagster._utils.interrupts import capture_interrupts, pop_captured_interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dagster._core.execution.plan.active import ActiveExecution

# Re-exported for other modules.
__all__ = ["CheckRunHealthResult", "ConfigurableClass", "ConfigurableClassData", "LaunchRunContext", "RetryMode"]
__all__ += ["ResumeRunContext"]
__all__ += ["RunLauncher", "WorkerStatus", "capture_interrupts", "get_retries_config"]
__all__ += ["get_tag_concurrency_limits_config", "pop_captured_interrupt"]

_CHECK_PAGE = 200
PlanContext = Any
"""Dagster's context of a whole plan's execution; its class is not public."""


def execute_in_this_process(
    context: PlanContext, iterate: Callable[[PlanContext, Any], Iterator[dg.DagsterEvent]]
) -> Iterator[dg.DagsterEvent]:
    """Runs a plan as Dagster's in-process executor does, resources opened once, its steps by `iterate`."""

    def iterator(job_context: PlanContext, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        return iterate(job_context, execution_plan)

    manager = PlanExecutionContextManager(
        job=context.job,
        retry_mode=context.retry_mode,
        execution_plan=context.execution_plan,
        run_config=context.run_config,
        dagster_run=context.dagster_run,
        instance=context.instance,
        raise_on_error=context.raise_on_error,
        output_capture=context.output_capture,
    )
    yield from ExecuteRunWithPlanIterable(context.execution_plan, iterator, manager)


@contextmanager
def active_execution(
    context: PlanContext, plan: Any, max_concurrent: int, tag_limits: list[dict[str, Any]]
) -> Iterator[ActiveExecution]:
    """Dagster's own bookkeeping of which steps are ready: order, priorities, pools, retries, skips."""
    with (
        InstanceConcurrencyContext(context.instance, context.dagster_run) as pools,
        plan.start(
            retry_mode=context.retry_mode,
            max_concurrent=max_concurrent,
            tag_concurrency_limits=tag_limits,
            instance_concurrency_context=pools,
        ) as active,
    ):
        yield active


def rest_of_plan(context: PlanContext, plan: Any) -> tuple[Any, list[dg.DagsterEvent]]:
    """Of a run whose earlier process died: the steps that can still be executed, and how those failed that have ended.

    A step that was running then is among the rest; what depends on a failed step is not.
    """
    kinds = {dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.STEP_SKIPPED}
    logs = context.instance.all_logs(context.run_id, of_type=kinds)
    ended = {entry.step_key: entry.dagster_event for entry in logs}
    without_output = {key for key, event in ended.items() if not event.is_step_success}
    rest: list[str] = []
    for step in plan.get_steps_to_execute_in_topo_order():
        if step.key in ended:
            continue
        if without_output & step.get_execution_dependency_keys():
            without_output.add(step.key)
        else:
            rest.append(step.key)
    failures = [event for event in ended.values() if event.is_step_failure]
    return plan.build_subset_plan(rest, context.job_def, context.resolved_run_config), failures


def engine_event(context: PlanContext, message: str, step_keys: Sequence[str] | None = None) -> dg.DagsterEvent:
    """An event of the executor itself, in the run's log."""
    data = EngineEventData.in_process(os.getpid(), list(step_keys or []))
    return dg.DagsterEvent.engine_event(context, message, event_specific_data=data)


def capture_output(context: PlanContext, plan: Any, stack: ExitStack) -> Iterator[dg.DagsterEvent]:
    """Puts this process's stdout and stderr into the run's compute logs until `stack` closes."""
    manager = context.instance.compute_log_manager
    key = manager.build_log_key_for_run(context.run_id, create_compute_log_file_key())  # type: ignore[no-untyped-call]
    try:
        log_context = stack.enter_context(manager.capture_logs(key))
    except Exception:  # noqa: BLE001  # as Dagster does: a run without compute logs is better than none
        yield output_problem(context, "Exception while setting up compute log capture")
        return
    steps = [step.key for step in plan.get_steps_to_execute_in_topo_order()]
    yield dg.DagsterEvent.capture_logs(context, steps, key, log_context)


def output_problem(context: PlanContext, message: str) -> dg.DagsterEvent:
    """An event with the exception that is being handled."""
    error = serializable_error_info_from_exc_info(sys.exc_info())
    return dg.DagsterEvent.engine_event(context, message, event_specific_data=EngineEventData(error=error))


def step_events(step_context: Any) -> Iterator[dg.DagsterEvent]:
    """Runs a step; its events as they come. An interrupt is raised when its failure event has been given."""
    return dagster_event_sequence_for_step(step_context)


def hook_events(step_context: Any, events: Sequence[dg.DagsterEvent]) -> Iterator[dg.DagsterEvent]:
    """Runs the hooks of a step that has ended."""
    return _trigger_hook(step_context, events)


@dataclass(frozen=True)
class RunTarget:
    """Where a run's definitions come from."""

    module: str | None
    """The Python module that was named, if it was a module."""
    executable: str
    is_local: bool
    """Whether the code server runs on this machine, outside its own container."""
    repository: str
    """The repository's origin as text, for `launch._compat.load_repository`."""
    metadata: Mapping[str, Any]
    """The metadata of the definitions, as of the load of their code location."""


def run_target(context: LaunchRunContext | ResumeRunContext) -> RunTarget | None:
    """Where the run that is launched is defined; nothing when it does not say so."""
    run, workspace = context.dagster_run, context.workspace
    if run.remote_job_origin is None or run.job_code_origin is None or workspace is None:
        return None
    code = run.job_code_origin.repository_origin
    server = run.remote_job_origin.repository_origin.code_location_origin
    location = workspace.get_code_location(server.location_name)
    repository = location.get_repository(run.remote_job_origin.repository_origin.repository_name)
    return RunTarget(
        module=code.code_pointer.module if isinstance(code.code_pointer, ModuleCodePointer) else None,
        executable=code.executable_path,
        is_local=code.container_image is None and getattr(server, "host", None) in _LOCAL_HOSTS,
        repository=serialize_value(code),
        metadata=repository.repository_snap.metadata or {},
    )


_LOCAL_HOSTS = {None, "localhost", "127.0.0.1", "::1"}


def instance_as_text(instance: dg.DagsterInstance) -> str:
    """The instance's configuration, for `open_instance` in another process."""
    return serialize_value(instance.get_ref())


def open_instance(ref: str) -> dg.DagsterInstance:
    """The instance that `instance_as_text` gave."""
    return dg.DagsterInstance.from_ref(deserialize_value(ref, InstanceRef))


def report_run_died(instance: dg.DagsterInstance, run_id: str, reason: str) -> None:
    """Ends a run whose process is gone: canceled if that was asked for, otherwise failed; frees its slots in pools."""
    run = instance.get_run_by_id(run_id)
    if run is None:
        return
    if not run.is_finished:
        if run.status is dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, reason)
        else:
            data = JobFailureData(error=None, failure_reason=RunFailureReason.UNEXPECTED_TERMINATION)
            instance.report_run_failed(run, reason, data)
    if instance.event_log_storage.supports_global_concurrency_limits:
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def check_evaluations(
    instance: dg.DagsterInstance, asset: dg.AssetKey, check: str
) -> Iterator[dg.AssetCheckEvaluation]:
    """Evaluations of a check, newest first. There is no public way to ask for them."""
    key, cursor = dg.AssetCheckKey(asset_key=asset, name=check), None
    while True:
        page = instance.event_log_storage.get_asset_check_execution_history(key, limit=_CHECK_PAGE, cursor=cursor)
        for record in page:
            if record.event is None:  # planned only
                continue
            evaluation = record.event.asset_check_evaluation
            if evaluation is not None:
                yield evaluation
        if len(page) < _CHECK_PAGE:
            return
        cursor = page[-1].id


def packed_resume(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Any:
    """The argument of dagster-celery's task that resumes a run."""
    assert run.job_code_origin is not None  # noqa: S101
    return pack_value(ResumeRunArgs(run.job_code_origin, run.run_id, instance.get_ref(), set_exit_code_on_failure=True))
