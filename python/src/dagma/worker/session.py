"""One step as a Pipes session over the worker's channel: context in, messages out as they come."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import dagster as dg

from dagma.errors import ResultError, TypeScriptStepError
from dagma.worker.interrupts import ends_with_run
from dagma.worker.item_progress import report_items
from dagma.worker.partition_range import PartitionRecorder, partition_recorder
from dagma.worker.results import change_dynamic_partitions, collect_results, failure_of, understood
from dagma.worker.step_extras import step_extras
from dagma.worker.stored_values import find_materializations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dagster_pipes import PipesContextData, PipesParams

    from dagma.manifest.types import Step
    from dagma.worker.channel import Channel
    from dagma.worker.node_worker import NodeWorker
    from dagma.worker.resource import WorkerHost
    from dagma.worker.results import StepResult
    from dagma.worker.step_call import StepCall
    from dagma.worker.step_extras import StepContext

_CANCEL_GRACE = 2.0
"""Seconds a cancelled step has to end by itself."""

_LIMIT_GRACE = 10.0
"""Seconds after its time limit in which the worker fails a step; one that never pauses keeps it from doing so."""


class InlineContextInjector(dg.PipesContextInjector):
    """Puts the context into the parameters themselves."""

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Iterator[PipesParams]:
        """The parameters, as `PipesDefaultContextLoader` and its like in other languages read them."""
        yield {"data": context_data}

    def no_messages_debug_text(self) -> str:
        """Where the context went, for Dagster's warning about a silent process."""
        return "The context was sent with the request over the Node worker's channel."


class ChannelMessageReader(dg.PipesMessageReader):
    """Takes a step's messages from the worker's channel, at once, with no file to poll."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._call: StepCall | None = None

    @property
    def call(self) -> StepCall:
        """The step on the channel, while the session is open."""
        if self._call is None:
            message = "The Pipes session is not open."
            raise RuntimeError(message)
        return self._call

    @property
    def expected_writer_count(self) -> int:
        """One step writes; said here because Dagster's own default warns that it is new."""
        return 1

    @contextmanager
    def read_messages(self, handler: dg.PipesMessageHandler) -> Iterator[PipesParams]:
        """Messages reach `handler` from the channel's thread until the session closes."""
        self._call = self._channel.open_step(handler.handle_message)
        try:
            yield {}
        finally:
            self._channel.forget(self._call)

    def no_messages_debug_text(self) -> str:
        """Where messages were expected, for Dagster's warning about a silent process."""
        return "Messages were expected on the Node worker's channel."


def run_step(context: StepContext, host: WorkerHost, step: Step, *, may_repeat: bool = True) -> Iterator[StepResult]:
    """Runs a step in the run's worker; gives what it reported, and raises why it failed after that.

    A worker that another step has ended may be about to exit when it is given this one: then it has not begun with it,
    and the next worker gets it.
    """
    worker = host.worker()
    warning = host.warning(worker)
    if warning:
        context.log.warning(warning)
    reader = ChannelMessageReader(worker.channel)
    recorder = partition_recorder(context, step)
    partition_keys = None if recorder is None else recorder.missing
    with dg.open_pipes_session(
        context=context.op_execution_context,  # Dagster takes no check's own context
        context_injector=InlineContextInjector(),
        message_reader=reader,
        extras={
            "dagma": {**step_extras(context, step), "is_whole_run": host.is_whole_run, "partition_keys": partition_keys}
        },
    ) as session:
        call, params = reader.call, session.get_bootstrap_env_vars()
        call.list_dynamic_partitions = context.instance.get_dynamic_partitions
        call.on_items = lambda message: report_items(context, step, message)
        call.find_materializations = partial(find_materializations, context.instance, context.run.run_id)
        start: Callable[[], None] = lambda: worker.channel.run(call, params)  # noqa: E731
        with ends_with_run(context.instance, context.op_execution_context.run_id):
            if recorder is None:
                wait_to_end(worker, call, start, _limit_of(step))
            else:
                yield from _record_to_end(worker, call, start, recorder, _limit_of(step))
    worker.drain_output()
    if may_repeat and worker.channel.ended and not call.was_opened:
        yield from run_step(context, host, step, may_repeat=False)
        return
    with understood("results"):
        results = collect_results(session)
    exception = call.result().get("exception")
    if not exception:
        change_dynamic_partitions(session, context.instance)
    yield from results
    if recorder is not None:
        yield from recorder.summary()
    if exception:
        with understood("failure"):
            failure = TypeScriptStepError(describe_exception(exception), **failure_of(session))
        raise failure
    if recorder is not None:
        yield from recorder.outputs()
    else:
        _check_complete(context, step, results)


class TimeLimit(NamedTuple):
    """The time limit of a step."""

    step: str
    seconds: float


def _limit_of(step: Step) -> TimeLimit | None:
    return None if step.timeout_seconds is None else TimeLimit(step.name, step.timeout_seconds)


def describe_exception(exception: Mapping[str, Any]) -> str:
    """A Pipes exception as text: name, message and stack, and those of each cause. A message is there once."""
    parts: list[str] = []
    messages: list[str] = []
    current: Mapping[str, Any] | None = exception
    while current:
        name, message = current.get("name"), str(current.get("message") or "")
        is_new = not any(message in earlier for earlier in messages)
        parts.append(": ".join(part for part in (name, message if is_new else "") if part))
        messages.append(message)
        parts += [line.rstrip("\n") for line in current.get("stack") or []]
        cause, during = current.get("cause"), current.get("context")
        current = cause or during
        if current:
            parts.append("Caused by:" if cause else "While handling:")
    return "\n".join(parts)


def wait_to_end(worker: NodeWorker, call: StepCall, start: Callable[[], None], limit: TimeLimit | None = None) -> None:
    """Starts the call and waits for its end; an interrupt cancels it, an ignored time limit ends the worker."""
    with _canceled_if_left(worker, call):
        start()
        if not call.wait_since_opened(limit and limit.seconds + _LIMIT_GRACE):
            _end_for(limit, worker, call)


def _record_to_end(
    worker: NodeWorker,
    call: StepCall,
    start: Callable[[], None],
    recorder: PartitionRecorder,
    limit: TimeLimit | None,
) -> Iterator[Any]:
    """As `wait_to_end`, for a step of several partitions: gives what is to be recorded of each, when it has ended."""
    with _canceled_if_left(worker, call):
        start()
        for ended in call.partitions(limit and limit.seconds + _LIMIT_GRACE):
            yield from recorder.record_all(ended)
            if ended:
                worker.channel.partitions_recorded(call, len(ended))
        if not call.has_ended:
            _end_for(limit, worker, call)


def _end_for(limit: TimeLimit | None, worker: NodeWorker, call: StepCall) -> None:
    """Ends the worker, since a step has ignored its time limit."""
    assert limit is not None  # noqa: S101
    worker.kill(
        f'step "{limit.step}" did not stop after its {limit.seconds:g} s, since it never yielded to the event loop. '
        "Raise timeoutSeconds, or await inside long loops"
    )
    call.wait()


@contextmanager
def _canceled_if_left(worker: NodeWorker, call: StepCall) -> Iterator[None]:
    """Cancels the call when waiting for it ends otherwise than by its end."""
    try:
        yield
        if call.was_given_up:
            worker.channel.cancel(call)
    except BaseException:
        worker.channel.cancel(call)
        if not call.wait(_CANCEL_GRACE):
            worker.give_up_on_steps()
        worker.drain_output()
        raise


def _check_complete(context: StepContext, step: Step, results: Sequence[StepResult]) -> None:
    if step.kind == "check":
        return
    reported = {result.asset_key for result in results if not isinstance(result, dg.AssetCheckResult)}
    missing = sorted(_text(key) for key in context.op_execution_context.selected_asset_keys - reported)
    if missing:
        message = (
            f"Step {step.name} ended without a result for {', '.join(missing)}. "
            "It must report each asset that it declares."
        )
        raise ResultError(message)


def _text(key: dg.AssetKey) -> str:
    return "/".join(key.path)
