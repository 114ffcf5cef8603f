"""Finding the project, Node and the npm package; each miss says what, where and how to fix it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from dagma.errors import NodeError, PackageNotInstalledError, ProjectNotFoundError
from dagma.project import Project, find_project, find_toolchain, open_project
from tests.conftest import MakeProject, find_node, step


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return open_project(make_project(step("good")), because="of the test")


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_nearest_folder_with_a_dagma_field(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = project.root / "packages" / "plain"
    inner.mkdir(parents=True)
    (inner / "package.json").write_text('{"name":"plain"}')
    monkeypatch.chdir(inner)
    assert find_project() == project
    assert project.name == "@acme/numbers"


def test_environment_names_the_project(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGMA_PROJECT", "project")
    assert find_project() == project
    monkeypatch.setenv("DAGMA_PROJECT", str(tmp_path / "gone"))
    with pytest.raises(ProjectNotFoundError, match=r"gone is not a Dagma project.*because DAGMA_PROJECT names it"):
        find_project()


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(ProjectNotFoundError, match=r'has a package.json with a "dagma" field.*set DAGMA_PROJECT'):
        find_project(tmp_path)


def test_broken_package_json(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{")
    with pytest.raises(ProjectNotFoundError, match=r"package\.json cannot be read: Expecting"):
        find_project(tmp_path)


def test_package_json_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('\ufeff{"name":"marked","dagma":{}}', encoding="utf-8")
    assert find_project(tmp_path).name == "marked"


def test_package_in_a_folder_above(project: Project, tmp_path: Path) -> None:
    inner = tmp_path / "project" / "packages" / "data"
    inner.mkdir(parents=True)
    tools = find_toolchain(Project(root=inner, name="data"))
    assert tools.cli == project.root / "node_modules" / "dagma" / "bin" / "dagma.js"


def test_package_not_installed(tmp_path: Path) -> None:
    with pytest.raises(PackageNotInstalledError, match=r"dagma is not installed for .*Run `npm install`"):
        find_toolchain(Project(root=tmp_path, name="x"))


def test_node_by_environment_then_project_then_path(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert str(find_toolchain(project).node) == find_node()
    local = executable(project.root / "node_modules" / ".bin" / "node", "echo v24.1.0")
    on_path = executable(tmp_path / "path" / "node", "echo v22.18.0")
    monkeypatch.setenv("PATH", str(on_path.parent), prepend=":")
    monkeypatch.delenv("DAGMA_NODE")
    assert find_toolchain(project).node == local
    local.unlink()
    assert find_toolchain(project).node == on_path


def test_node_too_old(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = executable(tmp_path / "old", "echo v22.17.1")
    monkeypatch.setenv("DAGMA_NODE", str(old))
    with pytest.raises(
        NodeError, match=r"Node 22\.17\.1 is too old for Dagma, which needs 22\.18 .*DAGMA_NODE names it"
    ):
        find_toolchain(project)


def test_not_node(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGMA_NODE", str(executable(tmp_path / "other", "echo hello")))
    with pytest.raises(NodeError, match="is not Node: its answer to --version is 'hello'"):
        find_toolchain(project)


def test_node_does_not_start(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGMA_NODE", str(tmp_path / "missing"))
    with pytest.raises(NodeError, match="does not start"):
        find_toolchain(project)


def test_no_node(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DAGMA_NODE")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NodeError, match=r"Node is not installed\. Install Node 22\.18"):
        find_toolchain(project)


def test_yarn_without_node_modules_is_refused_by_name(project: Project) -> None:
    (project.root / ".pnp.cjs").touch()
    assert find_toolchain(project).cli.is_file()
    (project.root / "node_modules").rename(project.root / "elsewhere")
    with pytest.raises(PackageNotInstalledError, match="Plug'n'Play.*nodeLinker: node-modules"):
        find_toolchain(project)
