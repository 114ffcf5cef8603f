"""The setups of docs/hosting.md: its files, a service that is restarted, PostgreSQL."""

from __future__ import annotations

import configparser
import json
import os
import re
import signal
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.dagster_server import DagsterServer, processes_of, until
from tests.test_executors import load, project_with
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


@pytest.mark.parametrize("executor", ["k8s", "celery-k8s"])
def test_helm_values_hold_what_kubernetes_and_the_executor_know(executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.environ.get("CI") != "true":
        pytest.importorskip("dagster_k8s")
    job, models = import_module("dagster_k8s.job"), import_module("dagster_k8s.models")
    known = import_module("kubernetes.client")
    values = yaml.safe_load((REPOSITORY / f"examples/deploy/helm/values-{executor}.yaml").read_text())
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    variables = {variable["name"]: variable["value"] for variable in deployment["env"]}
    assert variables.pop("DAGMA_EXECUTOR") == executor

    def read(model: Any, found: dict[str, Any]) -> None:
        """Refuses a field that Kubernetes does not have, and one of another type."""
        models.k8s_model_from_dict(model, models.k8s_snake_case_dict(model, found))

    for model, name in [(known.V1EnvVar, "env"), (known.V1Volume, "volumes"), (known.V1VolumeMount, "volumeMounts")]:
        for one in deployment[name]:
            read(model, one)
    read(known.V1ResourceRequirements, deployment["resources"])
    assert {mount["name"] for mount in deployment["volumeMounts"]} == {one["name"] for one in deployment["volumes"]}
    launcher = values["runLauncher"]["config"]
    assert list(launcher) == [values["runLauncher"]["type"][0].lower() + values["runLauncher"]["type"][1:]]
    if executor == "celery-k8s":
        assert launcher["celeryK8sRunLauncher"]["workerQueues"][0]["name"] == "dagster"
        return
    read(known.V1PodSpec, {"containers": [], **launcher["k8sRunLauncher"]["runK8sConfig"]["podSpecConfig"]})
    config = json.loads(variables["DAGMA_EXECUTOR_CONFIG"])
    job.UserDefinedDagsterK8sConfig.from_dict(config["step_k8s_config"])
    monkeypatch.setenv("DAGMA_EXECUTOR", executor)
    monkeypatch.setenv("DAGMA_EXECUTOR_CONFIG", variables["DAGMA_EXECUTOR_CONFIG"])
    assert load(project_with(None, None)).executor is not None  # refuses a field that the executor does not have


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
