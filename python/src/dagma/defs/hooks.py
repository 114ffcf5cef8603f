"""A job's hooks, which are functions in TypeScript, as Dagster's: Dagster says when a step has ended for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma.errors import CodeVersionError, TypeScriptStepError
from dagma.worker.session import describe_exception, wait_to_end

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagma.manifest.types import Job
    from dagma.worker.resource import WorkerHost


def hooks_of(job: Job, worker_key: str) -> set[dg.HookDefinition]:
    """The hooks that the job declares. Dagster calls them after it has recorded the end of a step, retries included."""
    made = {"on_success": dg.success_hook, "on_failure": dg.failure_hook}
    return {
        decorator(name=name, required_resource_keys={worker_key})(_calling(worker_key))
        for name, decorator in made.items()
        if name in job.hooks
    }


def _calling(worker_key: str) -> Any:
    def call_in_node(context: dg.HookContext) -> None:
        host: WorkerHost = getattr(context.resources, worker_key)
        try:
            worker = host.worker()
        except CodeVersionError:  # the step has failed with it
            context.log.warning("The hook was not called: this process has another version of the code than its run.")
            return
        call = worker.channel.open_step(lambda message: _log(context, message))
        try:
            wait_to_end(worker, call, lambda: worker.channel.call_hook(call, _ended(context)))
            exception = call.result().get("exception")
        finally:
            worker.channel.forget(call)
            worker.drain_output()
        if exception:  # what a hook throws is logged by the worker: this is how its process ended
            raise TypeScriptStepError(describe_exception(exception))

    return call_in_node


def _ended(context: dg.HookContext) -> dict[str, Any]:
    thrown = context.op_exception
    error = None
    if thrown is not None:
        message = thrown.description if isinstance(thrown, dg.Failure) else None
        error = {"name": type(thrown).__name__, "message": message or str(thrown)}
    ended = {"run_id": context.run_id, "job_name": context.job_name, "step_name": context.step_key}
    return {**ended, "error": error}


def _log(context: dg.HookContext, message: Mapping[str, Any]) -> None:
    if message["method"] == "log":
        context.log.log(message["params"]["level"], message["params"]["message"])
