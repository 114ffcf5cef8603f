"""Behavior that needs `dagster` in its own process: commands, compute logs, interrupts, no process left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import dagma
from tests.conftest import MakeProject, is_running, step, worker_pid
from tests.dagster_server import until


def dagster(project: Path, *arguments: str) -> subprocess.Popen[str]:
    home = project / "home"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").touch()
    return subprocess.Popen(
        [sys.executable, "-m", "dagster", *arguments],
        cwd=project,
        env={**os.environ, "DAGSTER_HOME": str(home), "PYTHONPATH": str(Path(dagma.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], seconds: float = 120) -> str:
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def group_is_empty(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return True
    return False


def test_output_stands_in_compute_logs(make_project: MakeProject) -> None:
    project = make_project(step("good"))
    process = dagster(project, "job", "execute", "-m", "dagma.definitions", "-j", "job")
    output = finish(process)
    assert "RUN_SUCCESS" in output
    assert "BetaWarning" not in output
    assert "PreviewWarning" not in output
    out = [file.read_text() for file in (project / "home" / "storage").rglob("*.out")]
    err = [file.read_text() for file in (project / "home" / "storage").rglob("*.err")]
    assert any("printed by good\nno newline" in text for text in out)
    assert any("printed to stderr by good" in text for text in err)


def test_wrong_definitions_show_plainly(make_project: MakeProject) -> None:
    project = make_project(step("good"))
    (project / "build-fails").write_text("2 DAGMA_DEP_UNKNOWN: asset report needs ordrs")
    process = dagster(project, "definitions", "validate", "-m", "dagma.definitions")
    assert "dagma.errors.DefinitionError: DAGMA_DEP_UNKNOWN: asset report needs ordrs" in finish(process)
    assert process.returncode != 0


@pytest.mark.parametrize(("name", "number"), [("sleeps", signal.SIGINT), ("stubborn", signal.SIGTERM)])
def test_interrupt(make_project: MakeProject, name: str, number: signal.Signals) -> None:
    project = make_project(step(name))
    process = dagster(project, "job", "execute", "-m", "dagma.definitions", "-j", "job")
    until((project / "sleeping").exists)
    process.send_signal(number)
    output = finish(process)
    assert "DagsterExecutionInterruptedError" in output
    assert (project / "cancelled").exists() == (name == "sleeps")
    assert group_is_empty(worker_pid(project))


def test_killed_run_takes_its_worker_along(make_project: MakeProject) -> None:
    project = make_project(step("sleeps"))
    process = dagster(project, "job", "execute", "-m", "dagma.definitions", "-j", "job")
    until((project / "sleeping").exists)
    process.kill()
    until(lambda: not is_running(worker_pid(project)))
    os.killpg(process.pid, signal.SIGKILL)
    finish(process)


def test_merged_location_runs_steps_in_processes(make_project: MakeProject) -> None:
    project = make_project(step("good"), step("flaky", deps=[["good"]]))
    (project / "merged.py").write_text(
        "import dagma\n"
        "import dagster as dg\n"
        "job = dg.define_asset_job('both', selection='good', executor_def=dg.multiprocess_executor)\n"
        "defs = dg.Definitions.merge(dagma.load_definitions('.'), dg.Definitions(jobs=[job]))\n"
    )
    process = dagster(project, "job", "execute", "-f", "merged.py", "-j", "both")
    output = finish(process)
    assert "RUN_SUCCESS" in output
    assert "Launching subprocess for" in output
    out = [file.read_text() for file in (project / "home" / "storage").rglob("*.out")]
    assert any("printed by good\nno newline" in text for text in out)
    assert group_is_empty(worker_pid(project))
