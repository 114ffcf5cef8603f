"""The executor alone, with assets in Python: what Dagster promises of steps must hold when they overlap."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import dagster as dg
import pytest
from dagster._core.definitions.events import HookExecutionResult  # public since 1.13 only

from dagma.executor import dagma_executor
from dagma.worker.interrupts import raise_if_interrupted

STARTED = threading.Event()


def _asset(name: str, body: Callable[[dg.AssetExecutionContext], None], **options: object) -> dg.AssetsDefinition:
    def run(context: dg.AssetExecutionContext) -> None:
        body(context)

    return dg.asset(name=name, **options)(run)  # type: ignore[call-overload, no-any-return]


class Meeting:
    """Steps that continue only when that many of them are running; counts the most that were."""

    def __init__(self, steps: int) -> None:
        self.most = 0
        self._at_work = 0
        self._lock = threading.Lock()
        self._barrier = threading.Barrier(steps)

    def attend(self) -> None:
        with self._lock:
            self._at_work += 1
            self.most = max(self.most, self._at_work)
        self._barrier.wait(120)
        with self._lock:
            self._at_work -= 1


MEETINGS: list[Meeting] = []


def _meets(_context: dg.AssetExecutionContext) -> None:
    MEETINGS[-1].attend()


def _sleeps(_context: dg.AssetExecutionContext) -> None:
    time.sleep(0.5)


def _fails(_context: dg.AssetExecutionContext) -> None:
    message = "on purpose"
    raise ValueError(message)


def _flaky(context: dg.AssetExecutionContext) -> None:
    if context.retry_number == 0:
        _fails(context)


def _waits(_context: dg.AssetExecutionContext) -> None:
    STARTED.set()
    while True:
        raise_if_interrupted()
        time.sleep(0.05)


def _nothing(_context: dg.AssetExecutionContext) -> None:
    return


@dg.asset(check_specs=[dg.AssetCheckSpec("good", asset="checked", blocking=True)])
def checked() -> Iterator[object]:
    yield dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=False)])


HOOKED: list[str] = []


@dg.success_hook
def hook(context: dg.HookContext) -> None:
    HOOKED.append(context.step_key)


def _hook_slowly(_context: dg.HookContext, _events: object) -> HookExecutionResult:
    time.sleep(0.3)
    return HookExecutionResult("slow_hook")


slow_hook = dg.HookDefinition(name="slow_hook", hook_fn=_hook_slowly)


def build_defs() -> dg.Definitions:
    retry = dg.RetryPolicy(max_retries=1, delay=0.6)
    assets = {
        "overlap": [_asset(f"meets_{n}", _meets) for n in range(8)],
        "pool": [_asset(f"pooled_{n}", _sleeps, pool="one") for n in range(2)],
        "retry": [_asset("flaky", _flaky, retry_policy=retry)],
        "retry_at_once": [
            _asset("flaky_at_once", _flaky, retry_policy=dg.RetryPolicy(max_retries=1)),
            _asset("after_flaky", _nothing, deps=["flaky_at_once"]),
        ],
        "failure": [
            _asset("fails", _fails),
            _asset("below", _nothing, deps=["fails"]),
            _asset("beside", _nothing),
            _asset("under_check", _nothing, deps=["checked"]),
            checked,
        ],
        "waiting": [_asset("waits", _waits), _asset("waits_with_retry", _waits, retry_policy=retry)],
    }
    jobs = [
        dg.define_asset_job(
            name,
            selection=dg.AssetSelection.assets(*found),
            hooks={hook, slow_hook} if name == "retry_at_once" else {hook},
        )
        for name, found in assets.items()
    ]
    return dg.Definitions([asset for found in assets.values() for asset in found], jobs=jobs, executor=dagma_executor)


def job_of(name: str) -> dg.JobDefinition:
    return build_defs().resolve_job_def(name)


def overlap() -> dg.JobDefinition:
    return job_of("overlap")


def pool() -> dg.JobDefinition:
    return job_of("pool")


def retry() -> dg.JobDefinition:
    return job_of("retry")


def retry_at_once() -> dg.JobDefinition:
    return job_of("retry_at_once")


def failure() -> dg.JobDefinition:
    return job_of("failure")


def waiting() -> dg.JobDefinition:
    return job_of("waiting")


def run(
    name: Callable[[], dg.JobDefinition], instance: dg.DagsterInstance, **config: object
) -> tuple[dg.JobExecutionResult, float]:
    begun = time.monotonic()
    run_config = {"execution": {"config": config}}
    with dg.execute_job(dg.reconstructable(name), instance, run_config=run_config) as result:
        return result, time.monotonic() - begun


def steps_of(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> list[tuple[str, float]]:
    found = instance.all_logs(run_id, of_type=kind)
    return [(entry.step_key or "", entry.timestamp) for entry in found]


def succeeded(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    return {key for key, _ in steps_of(instance, run_id, dg.DagsterEventType.STEP_SUCCESS)}


def test_ready_steps_overlap(instance: dg.DagsterInstance) -> None:
    HOOKED.clear()
    MEETINGS.append(Meeting(8))
    result, _ = run(overlap, instance)
    assert result.success
    assert len(HOOKED) == 8


def test_max_concurrent(instance: dg.DagsterInstance) -> None:
    MEETINGS.append(Meeting(4))
    result, _ = run(overlap, instance, max_concurrent=4)
    assert result.success
    assert MEETINGS[-1].most == 4
    none, _ = run(overlap, instance, max_concurrent=0)
    assert not none.success


def test_pool_of_one(instance: dg.DagsterInstance) -> None:
    instance.event_log_storage.set_concurrency_slots("one", 1)
    result, _ = run(pool, instance)
    assert result.success
    starts = [at for _, at in steps_of(instance, result.run_id, dg.DagsterEventType.STEP_START)]
    assert abs(starts[1] - starts[0]) >= 0.5
    assert instance.event_log_storage.get_concurrency_info("one").active_slot_count == 0


def test_retry_with_delay(instance: dg.DagsterInstance) -> None:
    result, _ = run(retry, instance)
    assert result.success
    ((_, failed),) = steps_of(instance, result.run_id, dg.DagsterEventType.STEP_UP_FOR_RETRY)
    ((_, restarted),) = steps_of(instance, result.run_id, dg.DagsterEventType.STEP_RESTARTED)
    assert 0.6 <= restarted - failed < 1.5


def test_failure_skips_only_what_is_downstream(instance: dg.DagsterInstance) -> None:
    result, _ = run(failure, instance)
    assert not result.success
    assert succeeded(instance, result.run_id) == {"beside"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupt_reaches_every_step(instance: dg.DagsterInstance, number: signal.Signals) -> None:
    STARTED.clear()

    def interrupt() -> None:
        STARTED.wait(60)
        (found,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        instance.report_run_canceling(found)
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt).start()
    begun = time.monotonic()
    result, _ = run(waiting, instance)
    assert time.monotonic() - begun < 10
    found = instance.get_run_by_id(result.run_id)
    assert found is not None
    assert found.status is dg.DagsterRunStatus.CANCELED
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("dagma-step")]


def test_a_retry_and_what_comes_after_wait_for_the_hooks_of_a_step(instance: dg.DagsterInstance) -> None:
    HOOKED.clear()
    result, _ = run(retry_at_once, instance)
    assert result.success
    assert HOOKED == ["flaky_at_once", "after_flaky"]
    kinds = [
        (event.event_type_value, event.step_key)
        for event in result.all_events
        if event.event_type_value in ("STEP_RESTARTED", "STEP_START", "HOOK_COMPLETED")
    ]
    assert kinds == [
        ("STEP_START", "flaky_at_once"),
        ("HOOK_COMPLETED", "flaky_at_once"),  # slow_hook, of the attempt that failed
        ("STEP_RESTARTED", "flaky_at_once"),
        ("HOOK_COMPLETED", "flaky_at_once"),
        ("HOOK_COMPLETED", "flaky_at_once"),
        ("STEP_START", "after_flaky"),
        ("HOOK_COMPLETED", "after_flaky"),
        ("HOOK_COMPLETED", "after_flaky"),
    ]
