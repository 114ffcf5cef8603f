"""Runs launched over GraphQL on a real Dagster: started, terminated, killed at every place; nothing is left behind."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import FAKE, find_node, is_running, manifest, step, worker_pid
from tests.dagster_server import DagsterServer, processes_of, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes under /proc")

STEPS = ["good", "sleeps", "stubborn", "endless", "dies", "waits", *(f"second_{n}" for n in range(16))]


def write_manifest(root: Path, *more: str) -> None:
    found = manifest(*(step(name) for name in [*STEPS, *more]))
    jobs = {f"{name}_job": [[name]] for name in [*STEPS[:6], *more]} | {"fan_job": [[f"second_{n}"] for n in range(16)]}
    found["jobs"] = [{**found["jobs"][0], "name": name, "asset_keys": keys} for name, keys in jobs.items()]
    digest = hashlib.sha256(json.dumps(found).encode()).hexdigest()
    found["digests"] = {**found["digests"], "manifest": f"sha256:{digest}"}
    (root / "manifest.json").write_text(json.dumps(found))


def make_project(root: Path) -> Path:
    package = root / "node_modules" / "dagma"
    (package / "bin").mkdir(parents=True)
    (package / "package.json").write_text('{"name":"dagma","type":"module"}')
    (package / "bin" / "dagma.js").write_text(FAKE.read_text())
    (root / "package.json").write_text('{"name":"numbers","dagma":{}}')
    write_manifest(root)
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterServer]:
    os.environ["DAGMA_NODE"] = find_node()
    found = DagsterServer(make_project(tmp_path_factory.mktemp("project")), "dagster", "dev")
    yield found
    found.stop()
    until(lambda: not processes_of(found.project))


@pytest.fixture(autouse=True)
def no_traces(server: DagsterServer) -> None:
    for name in ("sleeping", "cancelled"):
        (server.project / name).unlink(missing_ok=True)


def parent_of(pid: int) -> int:
    """The parent of a process; of one that is gone by now, none."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return 0


def preloads(project: Path) -> list[int]:
    """Preload processes; what they have forked has the same command line, but not the web server as its parent."""
    found = processes_of(project)
    return [
        pid
        for pid, text in found.items()
        if "dagma.launch.preload" in text and "webserver" in found.get(parent_of(pid), "")
    ]


def run_workers(project: Path) -> list[int]:
    """The processes that a preload process has forked, including a spare one."""
    found, parents = processes_of(project), preloads(project)
    return [pid for pid, text in found.items() if "dagma.launch.preload" in text and parent_of(pid) in parents]


def worker_of(server: DagsterServer, run_id: str) -> int:
    found = re.search(r"Started process for run \(pid: (\d+)\)", server.events(run_id))
    assert found is not None
    return int(found[1])


def start(server: DagsterServer, job: str) -> str:
    run_id = server.launch(job)
    until((server.project / "sleeping").exists)
    return run_id


def gone(pid: int) -> Callable[[], bool]:
    return lambda: not is_running(pid)


def test_runs_and_keeps_a_spare(server: DagsterServer) -> None:
    first, second = server.launch("good"), server.launch("good")
    assert server.wait(first) == server.wait(second) == "SUCCESS"
    assert worker_of(server, first) != worker_of(server, second)
    until(gone(worker_of(server, second)))
    until(lambda: len(run_workers(server.project)) == 1)
    assert "Dagster's default launcher" not in (server.project / "server.log").read_text()


def test_steps_of_one_run_overlap(server: DagsterServer) -> None:
    run_id = server.launch("fan")
    assert server.wait(run_id) == "SUCCESS"
    steps = server.step_times(run_id)
    assert max(sum(begun <= at < ended for begun, ended in steps) for at, _ in steps) > 1


@pytest.mark.parametrize("job", ["sleeps", "stubborn", "endless"])
def test_terminate(server: DagsterServer, job: str) -> None:
    run_id = start(server, job)
    node = worker_pid(server.project)
    server.terminate(run_id)
    assert server.wait(run_id) == "CANCELED"
    assert (server.project / "cancelled").exists() == (job == "sleeps")
    until(gone(node))
    until(gone(worker_of(server, run_id)))


def test_killed_run_worker(server: DagsterServer) -> None:
    run_id = start(server, "endless")
    node = worker_pid(server.project)
    os.kill(worker_of(server, run_id), signal.SIGKILL)
    assert server.wait(run_id) == "FAILURE"
    assert "was ended by SIGKILL" in server.events(run_id)
    until(gone(node))
    assert server.wait(server.launch("good")) == "SUCCESS"


def test_killed_node(server: DagsterServer) -> None:
    run_id = start(server, "sleeps")
    os.kill(worker_pid(server.project), signal.SIGKILL)
    assert server.wait(run_id) == "FAILURE"
    assert "ended by SIGKILL" in server.events(run_id)
    assert server.wait(server.launch("good")) == "SUCCESS"


def test_killed_preload_process(server: DagsterServer) -> None:
    run_id = start(server, "sleeps")
    (preload,) = preloads(server.project)
    os.kill(preload, signal.SIGKILL)
    time.sleep(0.5)
    assert server.status(run_id) == "STARTED"
    assert server.wait(server.launch("good")) == "SUCCESS"
    server.terminate(run_id)
    assert server.wait(run_id) == "CANCELED"


def test_run_monitoring_finds_a_run_whose_processes_are_all_gone(server: DagsterServer) -> None:
    run_id = start(server, "sleeps")
    (preload,) = preloads(server.project)
    os.kill(preload, signal.SIGKILL)
    os.kill(worker_of(server, run_id), signal.SIGKILL)
    assert server.wait(run_id) == "FAILURE"
    assert "is gone" in server.events(run_id)


def test_run_monitoring_resumes_retries_and_ends_runs(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    steps = [step("good"), step("waits", deps=[["good"]]), step("second_1", deps=[["waits"]]), step("fails")]
    found = manifest(*steps, step("second_2", deps=[["fails"]]), step("sleeps"), step("dies"))
    job = found["jobs"][0]
    resumed = [["good"], ["waits"], ["second_1"], ["fails"], ["second_2"]]
    alone = [{**job, "name": f"{name}_job", "asset_keys": [[name]]} for name in ("sleeps", "dies")]
    found["jobs"] = [{**job, "name": "resumed_job", "asset_keys": resumed}, *alone]
    (project / "manifest.json").write_text(json.dumps(found))
    settings = "run_retries: {enabled: true}"
    server = DagsterServer(project, "dagster", "dev", storage=settings, monitoring="max_resume_run_attempts: 1, ")

    run_id = start(server, "resumed")
    until(lambda: 'Execution of step "fails" failed' in server.events(run_id))
    os.kill(worker_of(server, run_id), signal.SIGKILL)
    until(lambda: "Resuming the run with the steps that have not ended" in server.events(run_id))
    assert "was ended by SIGKILL" in server.events(run_id)
    (project / "go").touch()
    assert server.wait(run_id) == "FAILURE"
    started = re.findall(r'Started execution of step "(\w+)"', server.events(run_id))
    assert sorted(started) == ["fails", "good", "second_1", "waits", "waits"]
    assert "Steps failed: ['fails']" in server.events(run_id)

    (project / "sleeping").unlink()
    too_long = server.launch("sleeps", {"dagster/max_runtime": "1"})
    retried = server.launch("dies", {"dagster/max_retries": "1"})
    assert server.wait(too_long) == server.wait(retried) == "FAILURE"
    assert "Exceeded maximum runtime of 1 seconds" in server.events(too_long)
    until((project / "cancelled").exists)
    until(gone(worker_of(server, too_long)))
    again = until(lambda: server.retry_of(retried))
    assert server.wait(again) == "FAILURE"
    server.stop()
    until(lambda: not processes_of(project))


def test_changed_manifest(server: DagsterServer) -> None:
    assert server.wait(server.launch("good")) == "SUCCESS"
    (before,) = preloads(server.project)
    write_manifest(server.project, "flaky")
    server.reload()
    assert server.wait(server.launch("flaky")) == "FAILURE"  # it is there, and fails at first
    until(lambda: preloads(server.project) != [before] and len(preloads(server.project)) == 1)


def test_changed_source_is_not_run_by_the_spare(server: DagsterServer) -> None:
    assert server.wait(server.launch("good")) == "SUCCESS"
    until(lambda: len(run_workers(server.project)) == 1)
    time.sleep(1)
    spare = worker_pid(server.project)
    (server.project / "helper.ts").write_text("export const changed = true")
    assert server.wait(server.launch("good")) == "SUCCESS"
    assert not is_running(spare)


def test_terminate_after_the_web_server_was_restarted(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    first = DagsterServer(project, "dagster_webserver")
    run_id = start(first, "sleeps")
    first.stop(signal.SIGTERM)
    second = DagsterServer(project, "dagster_webserver")
    assert second.status(run_id) == "STARTED"
    second.terminate(run_id)
    assert second.wait(run_id) == "CANCELED"
    assert (project / "cancelled").exists()
    second.stop(signal.SIGTERM)
    until(lambda: not processes_of(project))


def test_terminate_a_run_that_the_command_line_has_launched(server: DagsterServer) -> None:
    subprocess.run(
        [sys.executable, "-m", "dagster", "job", "launch", "-m", "dagma.definitions", "-j", "sleeps_job"],
        cwd=server.project,
        env=server.environment,
        check=True,
        stdout=subprocess.DEVNULL,  # a pipe would end with the run only
        stderr=subprocess.DEVNULL,
    )
    until((server.project / "sleeping").exists)
    (run_id,) = server.running()
    server.terminate(run_id)
    assert server.wait(run_id) == "CANCELED"
    assert (server.project / "cancelled").exists()


def test_terminate_a_run_that_the_daemon_has_launched(tmp_path: Path) -> None:
    server = DagsterServer(make_project(tmp_path), "dagster", "dev", queue=True)
    run_id = start(server, "sleeps")
    server.terminate(run_id)
    assert server.wait(run_id) == "CANCELED"
    assert (server.project / "cancelled").exists()
    server.stop()
    until(lambda: not processes_of(server.project))


def test_sigterm_of_the_whole_group_ends_the_run_and_leaves_nothing(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    server = DagsterServer(project, "dagster", "dev")
    run_id = start(server, "endless")
    server.stop(signal.SIGTERM, group=True)
    until(lambda: not processes_of(project))
    again = DagsterServer(project, "dagster_webserver")
    assert again.status(run_id) == "FAILURE"
    assert again.wait(again.launch("good")) == "SUCCESS"
    again.stop(signal.SIGTERM)
    until(lambda: not processes_of(project))


def test_mixed_location_is_launched_by_dagster_itself(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    (project / "mixed.py").write_text("import dagma\ndefs = dagma.load_definitions('.')\n")
    server = DagsterServer(project, "dagster", "dev", target=("-f", "mixed.py"))
    for _ in range(2):
        assert server.wait(server.launch("good")) == "SUCCESS"
    log = (project / "server.log").read_text()
    assert log.count("Runs are launched by Dagster's default launcher") == 1
    assert "the code location is not `-m dagma.definitions`" in log
    run_id = start(server, "sleeps")
    server.terminate(run_id)
    assert server.wait(run_id) == "CANCELED"
    server.stop()
    until(lambda: not processes_of(project))
