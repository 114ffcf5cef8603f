"""Runs and steps in pods: the jobs are dagster-k8s's own, and each is executed with nothing but what it declares."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import pytest
import sqlalchemy
import yaml

from tests.conftest import find_node, is_running, needs_package, typescript_project
from tests.dagster_server import until
from tests.kubernetes_cluster import Cluster
from tests.test_isolated_steps import SOURCES, WAITS, failures, messages, metadata, newest, outcome

POSTGRES = os.environ.get("DAGMA_TEST_POSTGRES")

pytestmark = [
    needs_package,
    pytest.mark.skipif(
        os.environ.get("CI") != "true" and (POSTGRES is None or importlib.util.find_spec("dagster_k8s") is None),
        reason="needs DAGMA_TEST_POSTGRES, the address of a PostgreSQL server, and dagster-k8s",
    ),
]

DEFINITIONS = (
    """
import * as d from 'dagma'
const first = d.asset({
  key: 'first', retryPolicy: d.retryPolicy({ maxRetries: 1 }),
  opTags: { 'dagster-k8s/config': { container_config: { resources: { limits: { memory: '8Gi' } } } } },
  run: ({ retryNumber }) => {
    if (retryNumber === 0) throw new RangeError('not yet')
    return process.env.QDRANT_URL
  },
})
const second = d.asset({
  key: 'second', inputs: { first }, checks: { good: { blocking: true } },
  run: ({ inputs }) => d.materializeResult(1, {
    metadata: { first: inputs.first, variables: Object.keys(process.env).sort() }, checks: { good: { passed: true } },
  }),
})
"""
    + WAITS
    + """
export default d.definitions({
  assets: [first, second, waits],
  jobs: [d.job({ name: 'all', selection: [first, second] }), d.job({ name: 'waiting', selection: [waits] })],
  ioManagers: { default: d.jsonFileIOManager(process.env.VALUES) },
})
"""
)


@pytest.fixture
def database() -> Iterator[dict[str, Any]]:
    """A new database, as dagster.yaml names it."""
    name = f"dagma_{uuid.uuid4().hex}"
    address = urlsplit(POSTGRES or "")
    engine = sqlalchemy.create_engine(address.geturl(), isolation_level="AUTOCOMMIT")
    with closing(engine.connect()) as connection:
        connection.execute(sqlalchemy.text(f"create database {name}"))
        yield {"hostname": address.hostname, "port": address.port, "username": address.username, "db_name": name}
        connection.execute(sqlalchemy.text(f"drop database {name} with (force)"))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    project = typescript_project(tmp_path / "image", DEFINITIONS)
    image = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(SOURCES),
        "DAGMA_PROJECT": str(project),
        "DAGMA_MANIFEST": str(project / "manifest.json"),
        "DAGMA_NODE": find_node(),
    }
    command = [find_node(), "node_modules/dagma/bin/dagma.js", "build", "--output", "manifest.json"]
    subprocess.run(command, cwd=project, env={"PATH": image["PATH"], "VALUES": "values"}, check=True)
    secrets = {
        "dagster-postgresql": {"postgresql-password": "of-the-database"},
        "analytics-secrets": {"QDRANT_API_KEY": "of-the-store"},
    }
    cluster = Cluster(tmp_path, image, secrets, {})
    try:
        yield cluster
    finally:
        cluster.close()


def settings(cluster: Cluster, database: dict[str, Any], home: Path, values: Path) -> dict[str, Any]:
    """dagster.yaml, as Dagster's chart writes it for `K8sRunLauncher`."""
    return {
        "storage": {"postgres": {"postgres_db": {**database, "password": {"env": "DAGSTER_PG_PASSWORD"}}}},
        "run_launcher": {
            "module": "dagster_k8s",
            "class": "K8sRunLauncher",
            "config": {
                "load_incluster_config": False,
                "kubeconfig_file": str(cluster.kubeconfig()),
                "service_account_name": "dagster",
                "instance_config_map": "dagster-instance",
                "postgres_password_secret": "dagster-postgresql",
                "dagster_home": str(home),
                "env_secrets": ["analytics-secrets"],
                "env_vars": ["QDRANT_URL=https://qdrant.example.com", f"VALUES={values}", "DAGMA_EXECUTOR=k8s"],
            },
        },
        "run_coordinator": {"module": "dagster.core.run_coordinator", "class": "DefaultRunCoordinator"},
        "telemetry": {"enabled": False},
    }


def test_a_pod_for_each_run_and_each_step(
    tmp_path: Path, cluster: Cluster, database: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    text = yaml.safe_dump(settings(cluster, database, home, tmp_path / "values"))
    (home / "dagster.yaml").write_text(text)
    cluster.config_maps["dagster-instance"] = {"dagster.yaml": text}
    of_the_launcher = {
        **cluster.image,
        "DAGSTER_HOME": str(home),
        "DAGSTER_PG_PASSWORD": "of-the-database",
        "DAGSTER_CURRENT_IMAGE": "registry.example.com/analytics:1",
        "VALUES": str(tmp_path / "values"),
        "DAGMA_EXECUTOR": "k8s",
    }

    def launch(job: str) -> None:
        command = ["dagster", "job", "launch", "-m", "dagma.definitions", "-j", job]
        executed = [sys.executable, "-m", *command]
        folder = cluster.image["DAGMA_PROJECT"]
        done = subprocess.run(executed, cwd=folder, env=of_the_launcher, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "of-the-database")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        launch("all")
        until(lambda: newest(instance).is_finished)
        run = newest(instance)
        assert run.status is dg.DagsterRunStatus.SUCCESS, failures(instance, run) + printed(cluster)
        assert outcome(instance, run)["steps"]["first"] == [
            *("STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "ASSET_MATERIALIZATION", "STEP_SUCCESS")
        ]
        check_jobs(cluster, run.run_id)
        found = metadata(instance, "second")
        assert found["first"] == "https://qdrant.example.com"
        assert {"QDRANT_API_KEY", "VALUES"} <= set(found["variables"])
        terminate(instance, cluster, launch)


def check_jobs(cluster: Cluster, run_id: str) -> None:
    """One pod for the run, one for each attempt at a step, each with the image and what the launcher declares."""
    jobs = [pod.job for pod in cluster.pods.values()]
    steps = [job["metadata"]["labels"].get("dagster/op") for job in jobs]
    assert steps == [None, "first", "first", "second"]
    assert {job["metadata"]["labels"]["dagster/run-id"] for job in jobs} == {run_id}
    containers = [pod.container for pod in cluster.pods.values()]
    assert {container["image"] for container in containers} == {"registry.example.com/analytics:1"}
    limits = [container.get("resources", {}).get("limits") for container in containers]
    assert limits == [None, {"memory": "8Gi"}, {"memory": "8Gi"}, None]


def terminate(instance: dg.DagsterInstance, cluster: Cluster, launch: Any) -> None:
    """The jobs are deleted: the pods get SIGTERM, and nothing of the step is left."""
    launch("waiting")

    def waits() -> list[str]:
        return [text for text in messages(instance, newest(instance)) if text.startswith("waiting in")]

    until(lambda: bool(waits()))
    run, node = newest(instance), int(waits()[0].split()[-1])
    assert instance.run_launcher.terminate(run.run_id)
    until(lambda: newest(instance).is_finished and not is_running(node))
    assert newest(instance).status is dg.DagsterRunStatus.CANCELED, failures(instance, run) + printed(cluster)
    until(lambda: all(pod.process.poll() is not None for pod in cluster.pods.values()))


def printed(cluster: Cluster) -> str:
    return json.dumps({name: pod.output.read_text()[-2000:] for name, pod in cluster.pods.items()}, indent=1)
