"""The channel by itself, its other end held by the test."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from dagma.errors import ProtocolError, StepError, WorkerDiedError
from dagma.worker.channel import Channel

DIGESTS = {"manifest": "x", "modules": "x", "lock_file": None}


class Wire:
    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.channel = Channel(self.ours, lambda: lambda: WorkerDiedError("the worker has gone"))

    def says(self, **message: Any) -> None:
        self.theirs.sendall(json.dumps(message).encode() + b"\n")

    def is_ready(self) -> None:
        self.says(type="ready", protocol_version=1, digests=DIGESTS, imported_json=[])
        assert self.channel.wait_ready(60)

    def pipes(self, step: str, method: str, **params: Any) -> None:
        self.says(type="pipes", step=step, message={"method": method, "params": params})


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.theirs.close()
    wire.channel.join(5)
    wire.ours.close()


def test_steps_overlap(wire: Wire) -> None:
    seen: dict[str, list[str]] = {"a": [], "b": []}
    a = wire.channel.open_step(lambda message: seen["a"].append(message["params"]["message"]))
    b = wire.channel.open_step(lambda message: seen["b"].append(message["params"].get("message")))
    for text in ("1", "2"):
        wire.pipes(a.step, "log", message=f"a{text}")
        wire.pipes(b.step, "log", message=f"b{text}")
    wire.pipes(b.step, "closed")
    assert b.wait(60)
    assert not a.wait(0)
    wire.pipes(a.step, "closed", message="end")
    assert a.wait(60)
    assert seen == {"a": ["a1", "a2", "end"], "b": ["b1", "b2", None]}
    assert a.step != b.step


def test_the_end_fails_open_steps_only(wire: Wire) -> None:
    done, open_one = wire.channel.open_step(lambda _: None), wire.channel.open_step(lambda _: None)
    wire.pipes(done.step, "closed")
    assert done.wait(60)
    wire.theirs.close()
    assert open_one.wait(60)
    assert done.result() == {}
    with pytest.raises(WorkerDiedError, match="has gone"):
        open_one.result()
    with pytest.raises(WorkerDiedError):
        wire.channel.open_step(lambda _: None)
    wire.channel.run(open_one, {})
    wire.channel.cancel(open_one)


def test_messages_of_a_forgotten_step_are_dropped(wire: Wire) -> None:
    seen: list[Any] = []
    call = wire.channel.open_step(seen.append)
    wire.channel.forget(call)
    wire.pipes(call.step, "log", message="late")
    wire.says(type="ready", protocol_version=1, digests=DIGESTS, imported_json=[])
    assert wire.channel.wait_ready(5)
    assert seen == []
    assert wire.channel.idle


def test_a_refused_message_fails_its_step_alone(wire: Wire) -> None:
    def refuse(message: Any) -> None:
        if message["method"] == "log":
            raise ValueError("too loud")

    call = wire.channel.open_step(refuse)
    wire.pipes(call.step, "log")
    wire.pipes(call.step, "closed")
    assert call.wait(60)
    with pytest.raises(ProtocolError, match="refused a 'log' message of the step: ValueError: too loud"):
        call.result()
    assert not wire.channel.ended


BROKEN = [
    (b"{nonsense\n", "JSONDecodeError"),
    (b'{"type":"gossip"}\n', "unknown message type 'gossip'"),
    (b"[1]\n", "TypeError"),
    (b"\xff\xfe\n", "UnicodeDecodeError"),
    (b"[" * 100_000 + b"\n", "nested too deeply"),
]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        *BROKEN,
        (
            b'{"type":"ready","protocol_version":2,"digests":{"manifest":"x","modules":"x","lock_file":null},"imported_json":[]}\n',
            "it speaks version 2",
        ),
    ],
)
def test_a_worker_that_does_not_say_that_it_is_ready_ends_the_channel(wire: Wire, line: bytes, reason: str) -> None:
    call = wire.channel.open_step(lambda _: None)
    wire.theirs.sendall(line)
    assert call.wait(60)
    with pytest.raises(ProtocolError, match=reason):
        call.result()
    with pytest.raises(ProtocolError):
        wire.channel.wait_ready(60)


@pytest.mark.parametrize(("line", "reason"), BROKEN)
def test_a_line_of_no_step_fails_those_that_are_open_and_no_later_one(wire: Wire, line: bytes, reason: str) -> None:
    wire.is_ready()
    call = wire.channel.open_step(lambda _: None)
    wire.theirs.sendall(line)
    assert call.wait(60)
    with pytest.raises(ProtocolError, match=reason):
        call.result()
    later = wire.channel.open_step(lambda _: None)
    wire.pipes(later.step, "closed")
    assert later.wait(60)
    assert later.result() == {}


@pytest.mark.parametrize(
    "message",
    [
        '{"method":"log","params":' + '{"a":' * 1500 + "1" + "}" * 1500 + "}",
        '{"method":"log","params":' + "[" * 300 + "]" * 300 + "}",
        '{"method":"closed"}',
        '{"method":"closed","params":[]}',
        '{"method":7,"params":{}}',
        "null",
        "{nonsense",
    ],
)
def test_a_message_that_cannot_be_read_fails_its_step_alone(wire: Wire, message: str) -> None:
    wire.is_ready()
    other, call = wire.channel.open_step(lambda _: None), wire.channel.open_step(lambda _: None)
    wire.theirs.sendall(f'{{"type":"pipes","step":"{call.step}","message":{message}}}\n'.encode())
    assert call.wait(60)
    assert call.was_given_up
    with pytest.raises(ProtocolError, match="broke the protocol"):
        call.result()
    wire.pipes(other.step, "closed")
    assert other.wait(60)
    assert other.result() == {}
    assert not wire.channel.ended


def test_whatever_ends_the_thread_ends_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unheard(BaseException):
        pass

    def describe() -> Any:
        raise Unheard

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    ours, theirs = socket.socketpair()
    channel = Channel(ours, describe)
    call = channel.open_step(lambda _: None)
    theirs.close()
    assert call.wait(60)
    with pytest.raises(WorkerDiedError, match="channel to the Node worker broke"):
        call.result()
    channel.join(60)
    ours.close()


def test_lines_of_many_threads_stay_whole(wire: Wire) -> None:
    calls = [wire.channel.open_step(lambda _: None) for _ in range(8)]
    params = {"DAGSTER_PIPES_CONTEXT": "x" * 300_000}
    threads = [threading.Thread(target=wire.channel.run, args=(call, params)) for call in calls]
    for thread in threads:
        thread.start()
    with wire.theirs.makefile("r") as lines:
        steps = {json.loads(lines.readline())["step"] for _ in calls}
    for thread in threads:
        thread.join()
    assert steps == {call.step for call in calls}


def test_an_interrupt_within_a_line_tears_the_channel(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(BaseException):
        pass

    class Socket:
        def sendall(self, _: bytes) -> None:
            raise Interrupted

    call = wire.channel.open_step(lambda _: None)
    monkeypatch.setattr(wire.channel, "_connection", Socket())
    with pytest.raises(Interrupted):
        wire.channel.run(call, {})
    wire.channel.cancel(call)


def test_errors_are_dagster_failures() -> None:
    assert StepError("why").description == "why"
    assert StepError("why").allow_retries
