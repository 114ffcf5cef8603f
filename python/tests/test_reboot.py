"""Runs that were under way when their machine was started again."""

from __future__ import annotations

import json

import dagster as dg
import pytest

from dagma._compat import WorkerStatus
from dagma.launch.run_worker import WORKER_TAG
from dagma.launcher import DagmaRunLauncher
from dagma.process import Identity, machine

EARLIER_BOOT = Identity(4711, "1", "an earlier boot/4026531836", "machine/name")


def run_of(instance: dg.DagsterInstance, worker: Identity) -> dg.DagsterRun:
    run_id = "00000000-0000-4000-8000-000000000000"
    tags = {WORKER_TAG: json.dumps({**worker.to_json(), "run_id": run_id})}
    return instance.add_run(dg.DagsterRun("job", run_id, tags=tags, status=dg.DagsterRunStatus.STARTED))


@pytest.fixture
def launcher(instance: dg.DagsterInstance) -> DagmaRunLauncher:
    made = DagmaRunLauncher()
    made.register_instance(instance)
    return made


def test_run_is_found_dead(
    instance: dg.DagsterInstance, launcher: DagmaRunLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagma.process.host", lambda: "machine/name")
    found = launcher.check_run_worker_health(run_of(instance, EARLIER_BOOT))
    assert (found.status, found.msg) == (WorkerStatus.FAILED, "The machine was restarted during the run.")


def test_run_that_is_terminated_ends(
    instance: dg.DagsterInstance, launcher: DagmaRunLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagma.process.host", lambda: "machine/name")
    run = run_of(instance, EARLIER_BOOT)
    assert launcher.terminate(run.run_id)
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.CANCELED


@pytest.mark.parametrize("host", ["", "another/name"])
def test_run_elsewhere_is_not_judged(
    instance: dg.DagsterInstance, launcher: DagmaRunLauncher, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr("dagma.process.host", lambda: "machine/name")
    elsewhere = Identity(4711, "1", "an earlier boot/4026531836", host)
    assert launcher.check_run_worker_health(run_of(instance, elsewhere)).status is WorkerStatus.RUNNING


def test_process_of_this_boot() -> None:
    assert not Identity(4711, "1", machine(), "machine/name").ended_by_reboot
