"""The setups of docs/hosting.md: its files, a service that is restarted, PostgreSQL."""

from __future__ import annotations

import configparser
import os
import re
import signal
from pathlib import Path

import dagster as dg
import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.dagster_server import DagsterServer, processes_of, until
from tests.test_launcher import make_project, pytestmark

__all__ = ["pytestmark"]

BLOCKS = re.findall(
    r"^```(\w+)\n# ([^\n]*)\n(.*?)^```", (REPOSITORY / "docs" / "hosting.md").read_text(), re.MULTILINE | re.DOTALL
)
POSTGRES = os.environ.get("DAGMA_TEST_POSTGRES")


def written(language: str) -> dict[str, str]:
    return {name: text for found, name, text in BLOCKS if found == language}


def test_files_parse() -> None:
    files = {name: yaml.safe_load(text) for name, text in written("yaml").items()}
    launchers = [file["run_launcher"]["class"] for file in files.values() if "run_launcher" in file]
    assert launchers == ["DagmaCeleryRunLauncher", "DagmaRunLauncher", "DockerRunLauncher"]
    assert files["values.yaml"]["runLauncher"]["type"] == "K8sRunLauncher"
    (deployment,) = files["values.yaml"]["dagster-user-deployments"]["deployments"]
    assert deployment["dagsterApiGrpcArgs"] == ["-m", "dagma.definitions"]


def test_the_dockerfile_is_the_one_that_is_built() -> None:
    page = (REPOSITORY / "docs" / "hosting.md").read_text()
    assert f"```dockerfile\n{(REPOSITORY / 'examples/deploy/Dockerfile').read_text()}```" in page


def test_units_let_runs_go_on() -> None:
    units = written("ini")
    assert len(units) == 2
    for text in units.values():
        unit = configparser.ConfigParser(strict=False)
        unit.read_string(text)
        assert (unit["Service"]["KillMode"], unit["Service"]["OOMPolicy"]) == ("process", "continue")


def test_a_run_ends_well_while_the_web_server_is_stopped(tmp_path: Path) -> None:
    server = DagsterServer(make_project(tmp_path), "dagster_webserver")
    try:
        run_id = server.launch("fan")
        server.stop(signal.SIGTERM)  # to this process alone, as with KillMode=process
        with dg.DagsterInstance.from_config(str(server.home)) as instance:
            until(lambda: (run := instance.get_run_by_id(run_id)) and run.is_finished)
            run = instance.get_run_by_id(run_id)
            assert run is not None
            assert run.status is dg.DagsterRunStatus.SUCCESS
        until(lambda: not processes_of(tmp_path))
    finally:
        server.kill()


def test_postgres(tmp_path: Path) -> None:
    pytest.importorskip("dagster_postgres", reason="only the environment with the newest Dagster has dagster-postgres")
    if POSTGRES is None:
        missing = "DAGMA_TEST_POSTGRES names no database: postgresql://user@host/database"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    storage = "storage: {postgres: {postgres_url: {env: DAGMA_TEST_POSTGRES}}}\n"
    server = DagsterServer(make_project(tmp_path), "dagster_webserver", storage=storage)
    try:
        runs = [server.launch("good"), server.launch("fan")]
        assert [server.wait(run_id) for run_id in runs] == ["SUCCESS", "SUCCESS"]
        sleeping = server.launch("sleeps")
        until((tmp_path / "sleeping").exists)
        server.terminate(sleeping)
        assert server.wait(sleeping) == "CANCELED"
    finally:
        server.stop()
