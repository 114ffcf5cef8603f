"""A run while Dagster's own disk is full: what becomes of it, and that all continues when there is room again."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.conftest import find_node, is_running, worker_pid
from tests.dagster_server import DagsterServer, processes_of, until
from tests.small_disk import SmallDisk, small_disk
from tests.test_launcher import make_project, preloads, start, worker_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """The disk of DAGSTER_HOME, and of nothing else."""
    with small_disk(tmp_path / "home", "32m") as found:
        yield found


@contextlib.contextmanager
def served(root: Path, disk: SmallDisk, *command: str, queue: bool = False) -> Iterator[DagsterServer]:
    os.environ["DAGMA_NODE"] = find_node()
    server = DagsterServer(make_project(root), *command, queue=queue)
    assert server.home == disk.folder
    yield server
    server.stop(signal.SIGTERM)
    until(lambda: not processes_of(root))


def test_run_fails_when_there_is_room_again(tmp_path: Path, disk: SmallDisk) -> None:
    with served(tmp_path, disk, "dagster_webserver") as server:
        run_id = start(server, "waits")
        node, worker = worker_pid(tmp_path), worker_of(server, run_id)
        (preload,) = preloads(tmp_path)
        disk.fill()
        os.kill(preload, signal.SIGSTOP)
        (tmp_path / "go").touch()
        until(lambda: not is_running(node) and not is_running(worker))  # though its end can be written nowhere
        disk.fill()  # the room of the write-ahead logs that the worker has deleted
        os.kill(preload, signal.SIGCONT)
        until(lambda: "Its failure cannot be recorded yet; retrying" in (tmp_path / "server.log").read_text())
        disk.make_room()
        assert server.wait(run_id) == "FAILURE"
        assert re.search(
            r"The run worker \(pid \d+\) could not record the run's end: OperationalError: .*(disk|full).*\. "
            r"Is the disk full on which Dagster keeps its storage\?",
            server.events(run_id),
        )
        assert server.wait(server.launch("good")) == "SUCCESS"


def test_nothing_is_launched_until_there_is_room(tmp_path: Path, disk: SmallDisk) -> None:
    with served(tmp_path, disk, "dagster", "dev", queue=True) as server:
        disk.fill()
        with pytest.raises(HTTPError) as refused:
            server.launch("good")
        assert re.search("disk I/O error|disk is full", refused.value.read().decode())
        disk.make_room()
        assert server.wait(server.launch("good")) == "SUCCESS"  # the daemon has launched it
