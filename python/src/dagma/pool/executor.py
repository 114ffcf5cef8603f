"""The executor of the worker pool: puts each step into the queue, and waits for what its worker reports to Dagster."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma.pool import _compat
from dagma.pool.queue import DEFAULT_QUEUE, Queue, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

QUEUE_TAG = "dagma/queue"
"""The op tag that names the queue of a step."""

PRIORITY_TAG = "dagster/priority"
"""Dagster's op tag of a step's priority: the highest is taken first."""

_POLL = 0.1
"""Seconds between two reads of what workers have reported."""

_HEALTH_INTERVAL = 2
"""Seconds after which a step is noticed whose worker is lost."""

_LOST = (
    "its worker was killed, as for lack of memory, its machine is lost, or Dagster could not execute the step there. "
    "See the events of the step, and the log of `dagma worker-pool`."
)


class PoolStepHandler(_compat.StepHandler):
    """Hands the steps of a run to the workers of the pool."""

    def __init__(self, instance: dg.DagsterInstance, default_queue: str) -> None:
        self._queue = Queue(instance)
        self._default_queue = default_queue
        self._jobs: dict[str, int] = {}
        self._without_result: set[int] = set()
        self._asked = 0.0

    @property
    def name(self) -> str:
        """How the executor's messages call it."""
        return "WorkerPoolStepHandler"

    def launch_step(self, step_handler_context: Any) -> Iterator[_compat.DagsterEvent]:
        """Puts the step into its queue."""
        context = step_handler_context
        key, _ = _compat.step_of(context)
        tags: Mapping[str, str] = context.step_tags[key]
        queue = tags.get(QUEUE_TAG, self._default_queue)
        arguments = _compat.step_arguments(context)
        step = Step(context.execute_step_args.run_id, key, arguments, queue, int(tags.get(PRIORITY_TAG, "0")))
        nobody = "" if self._queue.has_worker(queue) else " No worker takes steps from it now."
        # The event comes first: a worker may have begun before this process continues.
        yield _compat.step_handed_out(context, key, f'Waits for a worker in the queue "{queue}".{nobody}')
        self._jobs[key] = self._queue.put(step)

    def check_step_health(self, step_handler_context: Any) -> _compat.CheckStepHealthResult:
        """A step has failed when its worker is gone, and has not reported how the step ended before."""
        context = step_handler_context
        key, retries = _compat.step_of(context)
        run_id = context.execute_step_args.run_id
        job_id = self._jobs.get(key) or self._queue.last(run_id, key)
        if job_id is None:
            return _compat.CheckStepHealthResult.unhealthy("it was not put into the queue.")
        self._jobs[key] = job_id
        if job_id not in self._asked_now() or self._has_ended(context.instance, run_id, key, retries):
            return _compat.CheckStepHealthResult.healthy()
        return _compat.CheckStepHealthResult.unhealthy(_LOST)

    def terminate_step(self, step_handler_context: Any) -> Iterator[_compat.DagsterEvent]:
        """Takes the step back; one that has begun ends itself, since its run has."""
        key, _ = _compat.step_of(step_handler_context)
        if key in self._jobs:
            self._queue.take_back(self._jobs[key])
        yield from ()

    def close(self) -> None:
        """The run is over."""
        self._queue.close()

    def _asked_now(self) -> set[int]:
        """One question for all steps of the run."""
        if time.monotonic() - self._asked > _HEALTH_INTERVAL / 2:
            self._without_result = self._queue.without_result(list(self._jobs.values()))
            self._asked = time.monotonic()
        return self._without_result

    def _has_ended(self, instance: dg.DagsterInstance, run_id: str, key: str, retries: int) -> bool:
        records = instance.get_records_for_run(run_id, of_type=_compat.STEP_ENDS).records
        ended = [record for record in records if record.event_log_entry.step_key == key]
        return len(ended) > retries


@dg.executor(
    name="worker-pool",
    requirements=dg.multiple_process_executor_requirements(),
    config_schema={
        "queue": dg.Field(
            dg.StringSource,
            default_value=DEFAULT_QUEUE,
            description=f"The queue of steps without the op tag {QUEUE_TAG}.",
        ),
        "retries": _compat.get_retries_config(),  # type: ignore[no-untyped-call]
        "max_concurrent": dg.Field(
            dg.Noneable(dg.Int),
            default_value=None,
            description="Maximum number of steps of the run that are in the queue or in workers.",
        ),
        "tag_concurrency_limits": _compat.get_tag_concurrency_limits_config(),  # type: ignore[no-untyped-call]
    },
)
def worker_pool_executor(context: dg.InitExecutorContext) -> dg.Executor:
    """Hands each step to a warm worker: a process of `dagma worker-pool`, on any machine."""
    config: Mapping[str, Any] = context.executor_config
    return _compat.PoolExecutor(
        PoolStepHandler(context.instance, config["queue"]),
        retries=_compat.RetryMode.from_config(config["retries"]) or _compat.RetryMode.ENABLED,
        sleep_seconds=_POLL,
        check_step_health_interval_seconds=_HEALTH_INTERVAL,
        max_concurrent=config.get("max_concurrent"),
        tag_concurrency_limits=config.get("tag_concurrency_limits"),
    )
