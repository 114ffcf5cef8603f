"""Manifests and worker messages of any form: each is taken, or refused by an error of this package or of Dagster.

A few hundred of each, or with `DAGMA_TEST_FUZZ_SECONDS` new ones for so long (`npm run fuzz`). What was once found
wrong stays as an `@example`.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import socket
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

if "CI" not in os.environ:
    pytest.importorskip("hypothesis", reason="install requirements-dev.txt, which has Hypothesis")

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dagma.defs.load import build_definitions
from dagma.defs.ticks import answer_read, run_requests, sensor_result
from dagma.errors import LoadError, ManifestError, ProtocolError, StepError, WorkerDiedError
from dagma.manifest.parse import parse_manifest
from dagma.project import Project
from dagma.worker.channel import Channel
from dagma.worker.results import failure_of, understood
from dagma.worker.session import describe_exception
from tests.conftest import REPOSITORY

SECONDS = float(os.environ.get("DAGMA_TEST_FUZZ_SECONDS", "0"))
GOLDEN = json.loads((REPOSITORY / "protocol/golden/manifest.json").read_text())
MESSAGES = [json.loads(line) for line in (REPOSITORY / "protocol/golden/from-worker.jsonl").read_text().splitlines()]
PROJECT = Project(root=Path("/project"), name="project")

quickly = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))

words = st.sampled_from(sorted({word for text in (GOLDEN, *MESSAGES) for word in json.dumps(text).split('"')}))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | words | st.just(10**400)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"args": value}
    return value


@st.composite
def mutations(draw: st.DrawFn, originals: st.SearchStrategy[Any]) -> Any:
    """Data of which one to three members were replaced, taken away, doubled or nested."""
    data = copy.deepcopy(draw(originals))
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(_places(data)))
        how = draw(st.sampled_from(["replace", "drop", "double", "nest"]))
        if how == "drop":
            del holder[key]
        elif how == "double":
            holder[key] = [holder[key], holder[key]]  # not a copy: what is nested deeply cannot be copied
        elif how == "nest":
            holder[key] = nested(draw(st.sampled_from([1, 150, 250, 700])))
        else:
            holder[key] = draw(values)
        if not _places(data):
            return data
    return data


def _places(data: Any) -> list[tuple[Any, Any]]:
    found, holders = [], [data]
    for holder in holders:
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        found += [(holder, key) for key in keys]
        holders += [holder[key] for key in keys if isinstance(holder[key], (dict, list)) and holder[key]]
    return found


def text_of(data: Any) -> str:
    """Data as JSON, however deeply nested: deeper than Python's own encoder goes."""
    return json.dumps(data, ensure_ascii=False)


manifest_texts = st.text() | values.map(text_of) | mutations(st.just(GOLDEN)).map(text_of)


@given(manifest_texts)
@example("[" * 100_000)
@example(text_of({**GOLDEN, "manifest_version": nested(400)}))
@example(
    text_of(
        {**GOLDEN, "steps": [{**GOLDEN["steps"][0], "assets": [{**GOLDEN["steps"][0]["assets"][0], "tags": "ab"}]}]}
    )
)
@example('{"manifest_version":1,"dagma_version":"\\ud800"}')
@quickly
def any_manifest_is_read_or_refused(text: str) -> None:
    refusal = "it is a manifest"
    try:
        parse_manifest(text, "it")
    except ManifestError as error:
        refusal = str(error)
    assert refusal.startswith("it ")


@given(mutations(st.just(GOLDEN)))
@settings(quickly, max_examples=100)
def any_manifest_becomes_definitions_or_is_refused(data: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            build_definitions(PROJECT, parse_manifest(text_of(data), "it"))
        except (LoadError, dg.DagsterError):
            return


worker_lines = (
    st.binary(max_size=60).map(lambda line: line.replace(b"\n", b""))
    | values.map(text_of).map(str.encode)
    | mutations(st.sampled_from(MESSAGES)).map(text_of).map(str.encode)
)


@given(st.lists(worker_lines, max_size=3))
@example([b'{"type":"pipes","step":["1"],"message":{"method":"closed","params":{}}}'])
@quickly
def any_worker_message_fails_its_step_at_most(lines: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(ours, lambda: lambda: WorkerDiedError("gone"))
    with ours, theirs:
        digests = b'{"manifest":"%b","modules":"x","lock_file":null}'
        ready = b'{"type":"ready","protocol_version":1,"digests":' + digests + b',"imported_json":[]}\n'
        theirs.sendall(ready % b"x")
        assert channel.wait_ready(60)
        call = channel.open_step(lambda _: None)
        for line in lines:
            theirs.sendall(line + b"\n")
        theirs.sendall(b'{"type":"pipes","step":"1","message":{"method":"closed","params":null}}\n')
        assert call.wait(60)
        with contextlib.suppress(ProtocolError):
            assert isinstance(call.result(), dict)
        theirs.sendall(ready % b"all lines are read")
        while channel.digests is None or channel.digests.manifest != "all lines are read":
            time.sleep(0.001)
        later = channel.open_step(lambda _: None)
        theirs.sendall(b'{"type":"pipes","step":"2","message":{"method":"closed","params":null}}\n')
        assert later.wait(60)
        assert later.result() == {}
        theirs.shutdown(socket.SHUT_RDWR)
        channel.join(60)


class Session:
    """Has the custom messages of a step."""

    def __init__(self, reported: Any) -> None:
        self._reported = reported

    def get_custom_messages(self) -> list[Any]:
        return [self._reported]


FAILURE = {"dagma": {"type": "failure", "allow_retries": False, "metadata": {"n": {"type": "int", "raw_value": 1}}}}
EXCEPTION = {
    "name": "Error",
    "message": "no",
    "stack": ["at\n"],
    "cause": {"name": "E", "message": ""},
    "context": None,
}


@given(mutations(st.just({"reported": FAILURE, "exception": EXCEPTION})))
@quickly
def any_failure_is_told_or_refused(data: Any) -> None:
    try:
        with understood("failure"):
            session: Any = Session(data.get("reported"))
            assert isinstance(describe_exception(data["exception"]), str)
            failure_of(session)
    except StepError:
        return


REQUEST = {"run_key": "k", "job_name": "job", "config": {"a": {"n": 1}}, "tags": {"t": "v"}, "partition_key": None}
ANSWER = {
    "run_requests": [REQUEST],
    "skip_reason": None,
    "cursor": "c",
    "dynamic_partitions": [{"partitions": "p", "add": ["x"], "remove": []}],
}


@given(values | mutations(st.just(ANSWER)))
@quickly
def any_answer_to_a_tick_is_read_or_refused(data: Any) -> None:
    for read in (run_requests, sensor_result):
        with contextlib.suppress(dg.DagsterError), answer_read("sensor"):
            read(data)


@pytest.mark.parametrize(
    "attack",
    [
        any_manifest_is_read_or_refused,
        any_manifest_becomes_definitions_or_is_refused,
        any_worker_message_fails_its_step_at_most,
        any_failure_is_told_or_refused,
        any_answer_to_a_tick_is_read_or_refused,
    ],
    ids=lambda attack: attack.__name__,
)
def test_of_any_form(attack: Callable[[], None]) -> None:
    end = time.monotonic() + SECONDS
    attack()
    while time.monotonic() < end:
        attack()
