"""Node workers that outlive their run: which run gets one that has served another, and when they end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

import dagma
from dagma.project import open_project
from dagma.worker import kept
from tests.conftest import MakeProject, is_running, step, worker_pid
from tests.dagster_server import until
from tests.test_runs import run

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def keeping(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(kept, "_kept", None)
    kept.keep_workers()
    yield
    kept.close_kept_workers()


def test_runs_follow_each_other_in_a_worker(
    make_project: MakeProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(step("good"), step("fails"), step("exits"))

    def serve(*steps: str) -> int:
        result = run(project, instance, asset_selection=[dg.AssetKey(name) for name in steps])
        assert result.success == (steps == ("good",))
        return worker_pid(project)

    first = serve("good")
    assert is_running(first)
    assert serve("fails") == first
    assert serve("good") == first

    (project / "result.json").write_text("data of a run")
    assert serve("good") == first, "a JSON file that no module imports is data"

    (project / "imports.json").write_text("1")
    second = serve("good")
    assert second == first, "it does not import the file yet"
    (project / "src.ts").touch()
    second = serve("good")
    assert second != first
    assert not is_running(first)

    (project / "result.json").write_text("other data")
    assert serve("good") == second
    (project / "imports.json").write_text("22")
    changed = serve("good")
    assert changed != second, "its code imports the file"
    second = changed

    monkeypatch.setenv("A_NEW_VARIABLE", "1")
    third = serve("good")
    assert third != second
    assert not is_running(second)

    assert serve("exits") == third
    fourth = serve("good")
    assert fourth != third

    os.kill(fourth, 9)
    until(lambda: not is_running(fourth))
    fifth = serve("good")
    assert fifth != fourth

    (project / "retires").touch()
    assert serve("good") == fifth
    assert not is_running(fifth)


def test_a_worker_serves_one_run_at_a_time(make_project: MakeProject) -> None:
    project = open_project(make_project(step("good")), because="the test made it")
    keeping = kept.KeptWorkers(idle_seconds=0)
    one, two = keeping.start(project), keeping.start(project)
    assert one.pid != two.pid
    for worker in (one, two):
        worker.wait_ready()
        keeping.end(worker)
    until(lambda: not is_running(one.pid) and not is_running(two.pid))  # it has waited for long
    three = keeping.start(project)
    keeping.end(three)  # before it was ready
    assert not is_running(three.pid)


WAITS = """
import os, sys, time
from pathlib import Path
from dagma.project import open_project
from dagma.worker.kept import KeptWorkers
if os.fork() == 0:
    keeping = KeptWorkers()
    worker = keeping.start(open_project(Path(sys.argv[1]), because="the test made it"))
    worker.wait_ready()
    keeping.end(worker)
    print(os.getpid(), worker.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("victim", ["parent", "own"])
def test_none_waits_for_runs_that_nobody_gives(make_project: MakeProject, victim: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(dagma.__file__).parents[1])}
    command = [sys.executable, "-c", WAITS, str(make_project(step("good")))]
    parent = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert parent.stdout is not None
    own, node = map(int, parent.stdout.readline().split())
    try:
        assert is_running(node)
        os.kill({"parent": parent.pid, "own": own}[victim], 9)
        until(lambda: not is_running(node))
    finally:
        os.killpg(parent.pid, 9)
        parent.communicate()
