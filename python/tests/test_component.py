"""The Dagster component, through Dagster's own loader and through `dg`; the workspace file that is shipped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import dagma
from tests.conftest import MakeProject, manifest, step

BIN = Path(sys.executable).parent
SOURCES = Path(dagma.__file__).parents[1]
PYPROJECT = """
[project]
name = "team"
version = "0.1.0"
[tool.dg]
directory_type = "project"
[tool.dg.project]
root_module = "team"
code_location_target_module = "team.definitions"
"""
MODULE = """
from pathlib import Path
from dagster import definitions, load_from_defs_folder

@definitions
def defs():
    return load_from_defs_folder(project_root=Path(__file__).parents[2])
"""


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A project of Dagster's `dg`, without components."""
    root = tmp_path / "team"
    (root / "src" / "team" / "defs").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    for package in ("team", "team/defs"):
        (root / "src" / package / "__init__.py").touch()
    (root / "src" / "team" / "definitions.py").write_text(MODULE)
    return root


def add_component(team: Path, name: str, attributes: str) -> None:
    folder = team / "src" / "team" / "defs" / name
    folder.mkdir()
    (folder / "defs.yaml").write_text(f"type: dagma.DagmaProjectComponent\nattributes: {attributes}\n")


def ask(command: list[str | Path], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(SOURCES), str(folder / "src")])
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "VIRTUAL_ENV": str(BIN.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def list_assets(team: Path) -> subprocess.CompletedProcess[str]:
    return ask([BIN / "dagster", "asset", "list", "-m", "team.definitions"], team)


def test_two_projects_in_one_code_location(make_project: MakeProject, team: Path) -> None:
    make_project(step("good"), folder="analytics")
    make_project(text=json.dumps(manifest(step("silent")) | {"jobs": []}), folder="reports")
    add_component(team, "shop", "{project: ../../../../../analytics}")
    add_component(team, "other", "{project: ../../../../../reports}")
    listed = list_assets(team)
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.split() == ["good", "silent"]


def test_a_step_runs_in_node(make_project: MakeProject, team: Path, tmp_path: Path) -> None:
    make_project(step("good"), folder="analytics")
    add_component(team, "shop", "{project: ../../../../../analytics}")
    home = tmp_path / "home"
    home.mkdir()
    command: list[str | Path] = [BIN / "dagster", "job", "execute", "-m", "team.definitions", "-j", "job"]
    ran = ask(command, team, DAGSTER_HOME=str(home))
    assert ran.returncode == 0, ran.stderr
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.SUCCESS
        assert instance.get_latest_materialization_event(dg.AssetKey("good")) is not None


def test_manifest_that_was_built_before(
    make_project: MakeProject, team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project(step("good"), folder="analytics")
    (tmp_path / "built.json").write_text(json.dumps(manifest(step("other"))))
    monkeypatch.setenv("DAGMA_NODE", "/nowhere")
    monkeypatch.setenv("DAGMA_MANIFEST", "/nowhere.json")
    add_component(team, "shop", "{project: ../../../../../analytics, manifest: ../../../../../built.json}")
    listed = list_assets(team)
    assert listed.stdout.split() == ["other"], listed.stderr


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ("{project: ../nowhere}", "is not a Dagma project"),
        ("{projekt: ../analytics}", "projekt"),
        ("{project: ../../../../../analytics, manifest: gone.json}", "dagma build --output"),
    ],
)
def test_attributes_that_are_wrong(make_project: MakeProject, team: Path, attributes: str, reason: str) -> None:
    make_project(step("good"), folder="analytics")
    add_component(team, "shop", attributes)
    listed = list_assets(team)
    assert listed.returncode != 0
    assert reason in listed.stderr
    assert "defs/shop" in listed.stderr


@pytest.mark.skipif(not (BIN / "dg").exists(), reason="dagster-dg-cli is not installed")
def test_dg(make_project: MakeProject, team: Path) -> None:
    make_project(step("good"), folder="analytics")
    add_component(team, "shop", "{project: ../../../../../analytics}")
    for command in (["check", "yaml"], ["check", "defs"], ["list", "defs", "--json"]):
        ran = ask([BIN / "dg", *command], team)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert '"good"' in ran.stdout


def test_dg_is_told_of_the_component() -> None:
    text = (SOURCES.parent / "pyproject.toml").read_text()
    assert '[project.entry-points."dagster_dg_cli.registry_modules"]\ndagma = "dagma"' in text


def test_workspace_file_is_shipped(make_project: MakeProject) -> None:
    root = make_project(step("good"))
    file = SOURCES / "dagma" / "workspace.yaml"
    listed: Any = ask([BIN / "dagster", "definitions", "validate", "-w", str(file)], root)
    assert listed.returncode == 0, listed.stdout + listed.stderr
