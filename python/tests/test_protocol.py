"""The golden messages keep to the schemas, and this side reads and writes exactly those."""

from __future__ import annotations

import hashlib
import json
import socket
from typing import Any

import jsonschema
import pytest
from dagster_pipes import decode_param, encode_param

from dagma.errors import WorkerDiedError
from dagma.manifest.parse import parse_manifest
from dagma.manifest.types import Dep, Digests
from dagma.worker.channel import Channel
from dagma.worker.session import describe_exception
from tests.conftest import REPOSITORY

PROTOCOL = REPOSITORY / "protocol"
MANIFEST = (PROTOCOL / "golden" / "manifest.json").read_text()
FROM_WORKER = (PROTOCOL / "golden" / "from-worker.jsonl").read_text().splitlines()
TO_WORKER = (PROTOCOL / "golden" / "to-worker.jsonl").read_text().splitlines()


def schema(name: str) -> Any:
    return json.loads((PROTOCOL / f"{name}.schema.json").read_text())


def test_golden_manifest() -> None:
    jsonschema.validate(json.loads(MANIFEST), schema("manifest"))
    manifest = parse_manifest(MANIFEST, "golden")
    assert [(step.name, step.kind) for step in manifest.steps] == [
        ("raw_numbers", "materialize"),
        ("warehouse__sum_numbers", "materialize"),
        ("shop", "materialize"),
        ("orders_fresh", "check"),
        ("feed", "observe"),
    ]
    assert manifest.steps[1].assets[0].deps == (Dep(("raw_numbers",), None),)
    assert [asset.key for asset in manifest.external_assets] == [("events",)]
    assert manifest.sensors[0].job_names == ("numbers_job",)
    assert manifest.schedules[0].default_status == "STOPPED"
    declared = MANIFEST.partition(',"digests":')[0] + "}"
    assert manifest.digests.manifest == "sha256:" + hashlib.sha256(declared.encode()).hexdigest()


@pytest.mark.parametrize("line", [*FROM_WORKER, *TO_WORKER])
def test_golden_messages_keep_to_the_schema(line: str) -> None:
    jsonschema.validate(json.loads(line), schema("worker"))


def test_golden_messages_are_read() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(ours, lambda: lambda: WorkerDiedError("ended"))
    with ours, theirs:
        seen: list[Any] = []
        one, two = channel.open_step(seen.append), channel.open_step(lambda _: None)
        theirs.sendall("".join(f"{line}\n" for line in FROM_WORKER).encode())
        assert channel.wait_ready(5)
        assert one.wait(60)
        assert two.wait(60)
        assert channel.digests == Digests("sha256:" + "0" * 64, "sha256:" + "0" * 64, None)
        assert [message["method"] for message in seen] == [
            "opened",
            "log",
            "report_custom_message",
            "report_asset_materialization",
            "report_asset_check",
            "report_custom_message",
            "report_custom_message",
            "closed",
        ]
        assert seen[1]["params"]["message"] == "two numbers, π and e"
        assert one.result() == {}
        assert describe_exception(two.result()["exception"]) == (
            "Error: no such table\n    at run (src/definitions.ts:12:9)\nCaused by:\nTypeError: connection refused"
        )
        theirs.close()
        channel.join(5)


def test_a_message_stands_in_a_described_error_once() -> None:
    cause = {"name": "TypeError", "message": "no row", "stack": ["    at run (a.ts:1:1)\n"], "cause": None}
    step = {"name": "UserCodeError", "message": 'Step "a" failed: no row.', "stack": [], "cause": cause}
    assert describe_exception(step) == (
        'UserCodeError: Step "a" failed: no row.\nCaused by:\nTypeError\n    at run (a.ts:1:1)'
    )


def test_golden_custom_payloads_keep_to_the_schema() -> None:
    payload = {"$defs": schema("worker")["$defs"], "$ref": "#/$defs/customPayload"}
    messages = [json.loads(line).get("message", {}) for line in FROM_WORKER]
    payloads = [one["params"]["payload"]["dagma"] for one in messages if one.get("method") == "report_custom_message"]
    assert [one["type"] for one in payloads] == ["stored", "observation", "dynamic_partitions", "failure"]
    for one in payloads:
        jsonschema.validate(one, payload)


def test_messages_to_the_worker_are_the_golden_ones() -> None:
    params = {name: decode_param(value) for name, value in json.loads(TO_WORKER[0])["params"].items()}
    assert params["DAGSTER_PIPES_MESSAGES"] == {}
    assert set(params["DAGSTER_PIPES_CONTEXT"]) == {"data"}
    ours, theirs = socket.socketpair()
    channel = Channel(ours, lambda: lambda: WorkerDiedError("ended"))
    with ours, theirs:
        call = channel.open_step(lambda _: None)
        channel.run(call, {name: encode_param(value) for name, value in params.items()})
        channel.cancel(call)
        ended = {"run_id": "run-1", "job_name": "nightly", "step_name": "raw"}
        channel.call_hook(call, {**ended, "error": {"name": "WorkerDiedError", "message": "The Node worker died."}})
        theirs.sendall(f"{FROM_WORKER[0]}\n{FROM_WORKER[-3]}\n".encode())
        assert channel.wait_ready(60)
        channel.note_failure()
        run = {"run_id": "run-1", "job_name": "nightly", "partition_key": None, "run_started": 1764324000.5}
        channel.observe_end({**run, "status": "failure"})
        assert channel.end_run(60) is None
        channel.partitions_recorded(call, 8)
        call.list_dynamic_partitions = lambda name: ["ada", "bob"] if name == "customers" else []
        theirs.sendall(f"{FROM_WORKER[-2]}\n".encode())
        stored = {"digest": "9f86d081884c7d659a2feaa0c55ad015", "stored_at": 1764324000000, "host": "worker-1"}
        found = [{"partition_key": None, "run_id": "run-0", "stored": stored}]
        call.find_materializations = lambda key, keys: found if (key, keys) == ("warehouse/orders", [None]) else []
        with theirs.makefile("r", encoding="utf-8") as lines:
            written = [lines.readline().rstrip("\n") for _ in TO_WORKER[:-1]]
            theirs.sendall(f"{FROM_WORKER[-1]}\n".encode())  # only now: questions are answered in threads of their own
            assert [*written, lines.readline().rstrip("\n")] == TO_WORKER
        theirs.close()
        channel.join(5)
