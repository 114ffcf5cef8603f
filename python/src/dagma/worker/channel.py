"""The wire to a Node worker: one JSON object a line, many concurrent steps (protocol/worker.schema.json)."""

from __future__ import annotations

import json
import queue
import threading
from itertools import count
from typing import TYPE_CHECKING, Any

from dagma.errors import ProtocolError, StepError, WorkerDiedError
from dagma.manifest.types import Digests
from dagma.worker.interrupts import raise_if_interrupted
from dagma.worker.messages import read_message, step_of
from dagma.worker.step_call import StepCall

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

PROTOCOL_VERSION = 1
"""The only version of the worker's messages this package speaks."""

_POLL = 0.1


class Channel:
    """Speaks with one worker; `describe_end` is asked, once, why the worker's messages have ended."""

    def __init__(self, connection: socket.socket, describe_end: Callable[[], Callable[[], StepError]]) -> None:
        self.digests: Digests | None = None
        """Of the code that the worker has loaded, when it has."""
        self.imported_json: frozenset[str] | None = None
        """The JSON files that its code imports; None before it has loaded them."""
        self._connection = connection
        self._describe_end = describe_end
        self._ready = threading.Event()
        self._end: Callable[[], StepError] | None = None
        self._calls: dict[str, StepCall] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._send_lock = threading.Lock()
        self._torn = False
        self._run_ended: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, name="dagma-channel", daemon=True)
        self._thread.start()

    @property
    def was_ready(self) -> bool:
        """Whether the worker has loaded the definitions."""
        return self.digests is not None

    @property
    def ended(self) -> bool:
        """Whether the worker can be spoken with no more."""
        return self._end is not None

    @property
    def idle(self) -> bool:
        """Whether no step is open."""
        return not self._calls

    def wait_ready(self, seconds: float) -> bool:
        """Waits until the worker has loaded the definitions; false when it did not in time."""
        slices = max(1, round(seconds / _POLL))
        for _ in range(slices):
            if self._ready.wait(_POLL):
                if not self.was_ready and self._end is not None:
                    raise self._end()
                return True
            raise_if_interrupted()
        return False

    def open_step(self, on_message: Callable[[Any], None]) -> StepCall:
        """Makes room for a step's messages; nothing is sent yet."""
        with self._lock:
            if self._end is not None:
                raise self._end()
            call = StepCall(str(next(self._numbers)), on_message)
            self._calls[call.step] = call
            return call

    def run(self, call: StepCall, params: Mapping[str, str]) -> None:
        """Asks the worker to run the step; `params` are the session's bootstrap parameters."""
        self._send({"type": "run_step", "step": call.step, "params": dict(params)})

    def call_hook(self, call: StepCall, hook: Mapping[str, Any]) -> None:
        """Asks the worker to call the job's hook for a step that ended; `call` takes what it logs, and its end."""
        self._send({"type": "call_hook", "step": call.step, **hook})

    def cancel(self, call: StepCall) -> None:
        """Asks the worker to abort the step, if it can still be asked."""
        if not (self.ended or self._torn):
            self._send({"type": "cancel_step", "step": call.step})

    def partitions_recorded(self, call: StepCall, count: int) -> None:
        """Reports that this many more of the step's partitions are recorded: the worker begins with others."""
        self._send({"type": "partitions_recorded", "step": call.step, "count": count})

    def note_failure(self) -> None:
        """Reports that a step of the run has failed, perhaps in another process."""
        self._send({"type": "run_failed"})

    def observe_end(self, run: Mapping[str, Any]) -> None:
        """Reports how a run has ended whose steps had their own processes."""
        self._send({"type": "observe_end", **run})

    def end_run(self, seconds: float) -> str | None:
        """Ends the run of the steps until now; gives the reason why no other may follow, if there is one."""
        if self.ended or self._torn or not self.was_ready:
            return "it can be spoken with no more"
        self._send({"type": "end_run"})
        try:
            return self._run_ended.get(timeout=seconds)
        except queue.Empty:
            return f"it has not closed the resources of its run within {seconds:.0f} s"

    def forget(self, call: StepCall) -> None:
        """Closes the room for a step's messages; those that still come are dropped."""
        with self._lock:
            self._calls.pop(call.step, None)

    def join(self, seconds: float) -> None:
        """Waits for the end of the worker's messages."""
        self._thread.join(seconds)

    def _send(self, message: Mapping[str, Any]) -> None:
        line = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        with self._send_lock:
            try:
                self._connection.sendall(line)
            except OSError:
                return  # the reader sees the same end, and gives every open step its reason
            except BaseException:
                self._torn = True  # an interrupt between two halves of a line
                raise

    def _read(self) -> None:
        end: Callable[[], StepError] = lambda: WorkerDiedError("The channel to the Node worker broke.")  # noqa: E731
        try:
            end = self._read_to_end()
        except OSError:
            end = self._describe_end()
        finally:  # whatever went wrong: a run whose steps nobody ends would wait forever
            self._finish(end)

    def _read_to_end(self) -> Callable[[], StepError]:
        """Receives the worker's messages, and reports why they end."""
        with self._connection.makefile("rb") as lines:
            for line in lines:
                try:
                    self._receive(read_message(line))
                except Exception as error:  # noqa: BLE001  # the line may hold anything
                    broken = _broken(error)
                    if not self.was_ready:
                        return broken
                    self._fail_step_of(line, broken)
        return self._describe_end()

    def _receive(self, message: Mapping[str, Any]) -> None:
        kind, call = message["type"], self._calls.get(message.get("step", ""))
        if kind == "ready":
            self._receive_ready(message)
        elif kind == "run_ended":
            self._run_ended.put(message["retire"])
        elif call is None:
            return
        elif kind == "pipes":
            call.receive(message["message"])
        elif kind == "partition":
            call.receive_partition(message)
        elif kind == "items":
            call.receive_items(message)
        else:  # in its own thread: a worker that is writing does not read
            threading.Thread(target=self._answer, args=(call, message), daemon=True).start()

    def _receive_ready(self, message: Mapping[str, Any]) -> None:
        if message["protocol_version"] != PROTOCOL_VERSION:
            problem = f"it speaks version {message['protocol_version']!r}, not {PROTOCOL_VERSION}"
            raise ValueError(problem)
        self.imported_json = frozenset(map(str, message["imported_json"]))
        self.digests = Digests(**message["digests"])
        self._ready.set()

    def _answer(self, call: StepCall, message: Mapping[str, Any]) -> None:
        try:
            answer = _answer_to(call, message)
        except Exception as error:  # noqa: BLE001  # whatever the instance's storage raises
            call.give_up(_unanswered(_QUESTIONS[message["type"]].format(**message), error))
            return
        self._send({"type": answer[0], "step": call.step, "request": message["request"], **answer[1]})

    def _fail_step_of(self, line: bytes, make_error: Callable[[], StepError]) -> None:
        """Ends the step that the line belongs to; if that is unknown, all of them: one has lost a message."""
        named = step_of(line)
        with self._lock:
            calls = list(self._calls.values())
        for call in calls:
            if named is None or named == call.step:
                call.give_up(make_error)

    def _finish(self, make_error: Callable[[], StepError]) -> None:
        with self._lock:
            self._end = make_error
            calls = list(self._calls.values())
        for call in calls:
            call.give_up(make_error)
        self._run_ended.put("it has ended")
        self._ready.set()


_QUESTIONS = {
    "list_dynamic_partitions": 'The keys of the dynamic partitions "{partitions}"',
    "find_materializations": 'The materializations of "{asset_key}"',
}
"""The requests of a step, by the type of the message."""


def _answer_to(call: StepCall, message: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if message["type"] == "list_dynamic_partitions":
        return "dynamic_partitions", {"partition_keys": list(call.list_dynamic_partitions(message["partitions"]))}
    return "materializations", {
        "found": list(call.find_materializations(message["asset_key"], message["partition_keys"]))
    }


def _unanswered(what: str, error: Exception) -> Callable[[], StepError]:
    message = f"{what} could not be read: {type(error).__name__}: {error}"
    return lambda: StepError(message)


def _broken(error: Exception) -> Callable[[], StepError]:
    what = "a message is nested too deeply" if isinstance(error, RecursionError) else f"{type(error).__name__}: {error}"
    text = (
        f"The Node worker broke the protocol ({what}). Install the npm package "
        "dagma and the Python package dagster-dagma in the same version."
    )
    return lambda: ProtocolError(text)
