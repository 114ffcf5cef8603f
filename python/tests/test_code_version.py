"""A run has one version of the code: a step's process with another one refuses the step, before any user code."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import dagma
from dagma.errors import CodeVersionError
from dagma.manifest.types import Digests
from dagma.worker.code_version import expect_code
from tests.conftest import MakeProject, failure, manifest, step


def job_with_processes() -> dg.JobDefinition:
    return dagma.load_definitions(os.environ["TEST_PROJECT"], executor="multiprocess").resolve_job_def("job")


def execute(instance: dg.DagsterInstance, **options: Any) -> tuple[dg.DagsterRun, list[dg.EventLogEntry]]:
    with dg.execute_job(dg.reconstructable(job_with_processes), instance, **options) as result:
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        return run, list(instance.all_logs(run.run_id))


def refusals(entries: list[dg.EventLogEntry]) -> list[str]:
    events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
    return [str(event.event_specific_data) for event in events if event.is_step_failure]


def texts(entries: list[dg.EventLogEntry]) -> str:
    return "\n".join(entry.user_message for entry in entries)


@pytest.fixture
def project(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    retried = {"max_retries": 1, "delay_seconds": 0, "backoff": "constant", "jitter": "none"}
    declared = manifest(step("good", retry_policy=retried), step("good_1"))
    declared["jobs"][0]["hooks"] = ["on_failure"]
    root = make_project(text=json.dumps(declared))
    monkeypatch.setenv("TEST_PROJECT", str(root))
    return root


def test_steps_with_processes_have_the_manifest_and_the_code_of_their_run(
    project: Path, instance: dg.DagsterInstance
) -> None:
    run, entries = execute(instance)
    assert (run.status, refusals(entries)) == (dg.DagsterRunStatus.SUCCESS, [])
    assert set((project / "builds").read_text().split()) == {str(os.getpid())}  # none in the processes of steps
    assert "DAGMA_RUN_MANIFESTS" not in os.environ

    (project / "changed-modules").touch()
    run, entries = execute(instance)
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert "begins" not in texts(entries)
    assert "STEP_UP_FOR_RETRY" not in str(entries)
    assert "hook {" not in texts(entries)
    assert "The hook was not called: this process has another version of the code" in texts(entries)
    assert len(refusals(entries)) == 2
    for text in refusals(entries):
        assert "CodeVersionError: The Node worker of this step on " in text
        assert "than its run: other modules (000000000000 there, 111111111111 here)." in text
        assert "restart the Celery workers" in text
        assert "[DAGMA_CODE_VERSION]" in text

    declared = json.loads((project / "manifest.json").read_text())
    declared["digests"]["modules"] = "sha256:" + "1" * 64
    (project / "manifest.json").write_text(json.dumps(declared))
    again, entries = execute(instance, reexecution_options=dg.ReexecutionOptions(parent_run_id=run.run_id))
    assert (again.status, again.parent_run_id) == (dg.DagsterRunStatus.SUCCESS, run.run_id)


def test_definitions_that_depend_on_the_host() -> None:
    with pytest.raises(
        CodeVersionError, match=r"other definitions \(a there, x here\)\. The modules are the same"
    ) as caught:
        expect_code(Digests("sha256:a", "b", "c"), Digests("sha256:x", "b", "c"), "The Node worker of this step")
    assert "such as an environment variable: set it to the same value on all hosts." in str(caught.value.description)
    assert caught.value.allow_retries is False


def test_a_process_that_loaded_other_definitions(
    project: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a Celery worker does that was not restarted."""
    defs = dagma.load_definitions(project).resolve_job_def("job")
    newer = dg.DagsterInstance.get_run_by_id

    def of_newer_code(self: dg.DagsterInstance, run_id: str) -> dg.DagsterRun | None:
        run = newer(self, run_id)
        (key,) = [key for key in defs.resource_defs if key.startswith("dagma_worker_")]
        digests = {"manifest": "sha256:2", "modules": "sha256:2", "lock_file": None, "run_id": run_id}
        return None if run is None else run.with_tags({**run.tags, f".dagster/dagma_code/{key}": json.dumps(digests)})

    monkeypatch.setattr(dg.DagsterInstance, "get_run_by_id", of_newer_code)
    result = defs.execute_in_process(instance=instance, raise_on_error=False)
    text = failure(result, "good")
    assert "The Python process of this step on " in text
    assert "other definitions (2 there, 000000000000 here) and modules (2 there, 000000000000 here)" in text


def test_another_worker_of_a_run_has_the_code_of_the_first(
    make_project: MakeProject, instance: dg.DagsterInstance
) -> None:
    retried = {"max_retries": 1, "delay_seconds": 0, "backoff": "constant", "jitter": "none"}
    project = make_project(step("changes", retry_policy=retried))
    job = dagma.load_definitions(project).resolve_job_def("job")
    text = failure(job.execute_in_process(instance=instance, raise_on_error=False), "changes")
    assert "The Node worker of this step on " in text
    assert "[DAGMA_CODE_VERSION]" in text


@pytest.mark.parametrize(
    ("one", "other", "differences"),
    [
        (Digests("a", "b", "c"), Digests("a", "b", "c"), ()),
        (Digests("a", "b", "c"), Digests("a", "b", None), ()),
        (Digests("a", "b", None), Digests("a", "b", "c"), ()),
        (Digests("a", "b", "c"), Digests("a", "b", "d"), ("lock_file",)),
        (Digests("a", "b", "c"), Digests("x", "y", "z"), ("manifest", "modules", "lock_file")),
    ],
)
def test_digests_that_differ(one: Digests, other: Digests, differences: tuple[str, ...]) -> None:
    assert one.differences(other) == differences
