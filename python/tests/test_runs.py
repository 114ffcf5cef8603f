"""Runs on a real Dagster instance, with a real Node process that speaks the protocol."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import dagma
from dagma.errors import WorkerStartError
from dagma.worker import node_worker
from tests.conftest import MakeProject, failure, is_running, step, worker_pid


def run(project: Path, instance: dg.DagsterInstance, **options: Any) -> dg.ExecuteInProcessResult:
    job = dagma.load_definitions(project).resolve_job_def("job")
    return job.execute_in_process(instance=instance, raise_on_error=False, **options)


def logs(instance: dg.DagsterInstance, run_id: str) -> list[tuple[int | str, str]]:
    return [(entry.level, entry.user_message) for entry in instance.all_logs(run_id)]


def test_success(make_project: MakeProject, instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]) -> None:
    project = make_project(step("good", config_schema={"type": "object"}))
    result = run(project, instance, run_config={"ops": {"good": {"config": {"factor": 2}}}})
    assert result.success
    (event,) = result.asset_materializations_for_node("good")
    value = dg.MetadataValue
    assert event.metadata == {
        "count": value.int(3),
        "share": value.float(0.5),
        "page": value.url("https://example.com/good?a=1"),
        "rows": value.json([1, 2]),
        "text": value.text("https://example.com/text"),
        "doc": value.md("# Title"),
        "yes": value.bool(True),
        "nothing": value.null(),
        "at": value.timestamp(1700000000.5),
    }
    found = logs(instance, result.run_id)
    assert (20, "begins") in found
    assert (30, 'config {"factor":2}') in found
    out, err = capfd.readouterr()
    assert "printed by good\nno newline" in out
    assert "printed to stderr by good\n" in err
    assert not is_running(worker_pid(project))


def test_config_is_null_without_a_schema(make_project: MakeProject, instance: dg.DagsterInstance) -> None:
    result = run(make_project(step("good")), instance)
    assert (30, "config null") in logs(instance, result.run_id)


def test_one_worker_for_all_steps(
    make_project: MakeProject, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(step("good"), step("flaky", deps=[["good"]]), step("fails", deps=[["flaky"]]))
    log = tmp_path / "starts"
    node = tmp_path / "node"
    node.write_text(f'#!/bin/sh\necho "$2" >> {log}\nexec {os.environ["DAGMA_NODE"]} "$@"\n')
    node.chmod(0o755)
    monkeypatch.setenv("DAGMA_NODE", str(node))
    result = run(project, instance)
    assert {event.step_key for event in result.get_step_success_events()} == {"good"}
    assert log.read_text().split().count("worker") == 1


def test_failure_shows_the_typescript_stack(make_project: MakeProject, instance: dg.DagsterInstance) -> None:
    result = run(make_project(step("fails")), instance)
    assert not result.success
    assert (
        "dagma.errors.TypeScriptStepError: Error: no such table\n    at run (src/definitions.ts:12:9)\n"
        "Caused by:\nTypeError: connection refused\n    at inner (src/db.ts:3:1)"
    ) in failure(result, "fails")


def test_retry_policy(make_project: MakeProject, instance: dg.DagsterInstance) -> None:
    definitions = dagma.load_definitions(make_project(step("flaky")))
    assets = [asset for asset in definitions.assets or [] if isinstance(asset, dg.AssetsDefinition)]
    job = dg.define_asset_job("again", selection="*", op_retry_policy=dg.RetryPolicy(max_retries=1))
    result = dg.Definitions(assets=assets, jobs=[job]).resolve_job_def("again").execute_in_process(instance=instance)
    assert result.asset_materializations_for_node("flaky")[0].metadata["retry_number"] == dg.MetadataValue.int(1)


def test_no_result_for_an_asset(make_project: MakeProject, instance: dg.DagsterInstance) -> None:
    result = run(make_project(step("silent")), instance)
    assert "ResultError: Step silent ended without a result for silent." in failure(result, "silent")


def test_metadata_dagster_does_not_know(make_project: MakeProject, instance: dg.DagsterInstance) -> None:
    result = run(make_project(step("bad_metadata")), instance)
    assert "Dagster refused a 'report_asset_materialization' message" in failure(result, "bad_metadata")
    assert "hologram" in failure(result, "bad_metadata")


def test_worker_killed(make_project: MakeProject, instance: dg.DagsterInstance) -> None:
    result = run(make_project(step("dies"), step("good")), instance)
    assert "WorkerDiedError: The Node worker of this run was ended by SIGKILL" in failure(result, "dies")
    assert [event.step_key for event in result.get_step_success_events()] == ["good"]


def test_worker_exits(make_project: MakeProject, instance: dg.DagsterInstance) -> None:
    message = failure(run(make_project(step("exits")), instance), "exits")
    assert "ended with exit code 7 before the step ended" in message
    assert "FATAL ERROR: out of something" in message


def test_worker_cannot_load(make_project: MakeProject, instance: dg.DagsterInstance) -> None:
    project = make_project(step("good"), step("fails"))
    (project / "load-fails").touch()
    result = run(project, instance)
    for name in ("good", "fails"):
        message = failure(result, name)
        assert f"WorkerStartError: The Node worker could not load the definitions of {project}" in message
        assert "ended with exit code 3" in message
        assert "SyntaxError: src/definitions.ts is wrong" in message


def test_worker_cannot_start(
    make_project: MakeProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(step("good"))
    monkeypatch.setenv("DAGMA_MANIFEST", str(project / "manifest.json"))
    monkeypatch.setenv("DAGMA_NODE", "/nowhere/node")
    message = failure(run(project, instance), "good")
    assert WorkerStartError.__name__ in message
    assert "The Node worker could not be started. Node at /nowhere/node does not start" in message


def test_worker_of_another_version(make_project: MakeProject, instance: dg.DagsterInstance) -> None:
    project = make_project(step("good"))
    (project / "future").touch()
    message = failure(run(project, instance), "good")
    assert "ProtocolError: The Node worker broke the protocol (ValueError: it speaks version 9, not 1)" in message
    assert not is_running(worker_pid(project))


def test_a_worker_that_stays_stopped_fails_its_steps(
    make_project: MakeProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_worker, "_STOPPED_LIMIT", 1.0)
    monkeypatch.setattr(node_worker, "_LOOK", 0.05)
    result = run(make_project(step("stops"), step("good", deps=[["stops"]])), instance)
    assert "WorkerDiedError" in failure(result, "stops")
    assert "was stopped (SIGSTOP), and did not continue for 1 s" in failure(result, "stops")


def test_a_worker_that_is_stopped_for_a_moment_or_busy_goes_on(
    make_project: MakeProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_worker, "_STOPPED_LIMIT", 3.0)
    monkeypatch.setattr(node_worker, "_LOOK", 0.05)
    assert run(make_project(step("pauses"), step("computes", deps=[["pauses"]])), instance).success


def test_a_message_nested_too_deeply_fails_its_step_alone(
    make_project: MakeProject, instance: dg.DagsterInstance
) -> None:
    result = run(make_project(step("deep"), step("good")), instance)
    assert "ProtocolError: The Node worker broke the protocol (a message is nested too deeply)" in failure(
        result, "deep"
    )
    assert {event.step_key for event in result.get_step_success_events()} == {"good"}


def test_worker_breaks_the_protocol(make_project: MakeProject, instance: dg.DagsterInstance) -> None:
    project = make_project(step("nonsense"))
    assert "unknown message type 'gossip'" in failure(run(project, instance), "nonsense")
    assert not is_running(worker_pid(project))


def test_changed_definitions_are_told_once(make_project: MakeProject, instance: dg.DagsterInstance) -> None:
    project = make_project(step("good"), step("flaky"))
    (project / "changed-manifest").touch()
    found = logs(instance, run(project, instance).run_id)
    warnings = [text for level, text in found if level == 30 and "have changed since this code location" in text]
    assert len(warnings) == 1


def test_stubborn_worker_leaves_nothing(
    make_project: MakeProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(step("good"))
    (project / "closes-badly").touch()
    monkeypatch.setattr("dagma.worker.node_worker._CLOSE_GRACE", 0.5)
    monkeypatch.setattr("dagma.worker.node_worker._GRACE", 0.5)
    assert run(project, instance).success
    assert not is_running(worker_pid(project))


def test_a_step_that_never_pauses_is_ended_after_its_time_limit(
    make_project: MakeProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagma.worker.session._LIMIT_GRACE", 0.5)
    project = make_project(step("endless", timeout_seconds=0.2), step("good", deps=[["endless"]]))
    result = run(project, instance)
    assert not result.success
    unstopped = 'step "endless" did not stop after its 0.2 s, since it never yielded to the event loop'
    assert unstopped in failure(result, "endless")


def test_a_step_may_take_longer_than_the_grace_when_it_has_no_time_limit(
    make_project: MakeProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagma.worker.session._LIMIT_GRACE", 0.0)
    project = make_project(step("second"), step("good", timeout_seconds=60))
    assert run(project, instance).success
