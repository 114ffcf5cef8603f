"""The package's door is narrow, and only `_compat.py` looks behind Dagster's."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dagma
from dagma import errors

SOURCES = sorted(Path(dagma.__file__).parent.rglob("*.py"))


def imported_modules(source: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_private_dagster_only_in_compat(source: Path) -> None:
    if source.name == "_compat.py":
        return
    private = [
        name
        for name in imported_modules(source)
        if name.startswith(("dagster.", "dagster_shared")) and (name.startswith("dagster_shared") or "._" in name)
    ]
    assert private == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_files_stay_short(source: Path) -> None:
    assert len(source.read_text().splitlines()) <= 250


def test_public_names() -> None:
    assert dagma.__all__ == [
        "DagmaError",
        "DagmaProjectComponent",
        "LoadError",
        "StepError",
        "__version__",
        "load_definitions",
    ]
    assert callable(dagma.load_definitions)
    assert issubclass(dagma.LoadError, dagma.DagmaError)
    assert dagma.__dir__() == sorted(dagma.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = dagma.nothing


def test_import_is_light() -> None:
    code = "import sys, dagma; assert not [m for m in sys.modules if m.startswith('dagster')]"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(Path(dagma.__file__).parents[1])})


def test_readme_lists_every_error() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    listed = set(re.findall(r"^\| `(\w+Error)` \|", readme, re.MULTILINE))
    bases = {"DagmaError", "LoadError", "StepError"}
    assert listed == {name for name in vars(errors) if name.endswith("Error")} - bases
