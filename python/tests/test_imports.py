"""The package's entry point is narrow, layers import one way, private APIs of Dagster are in `_compat.py` only."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dagma
from dagma import errors

PACKAGE = Path(dagma.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

# What each folder may import of the package; a module that is in none of them has its own name here.
LAYERS = {
    "errors": set(),
    "_compat": set(),
    "process": set(),
    "sources": set(),
    "metadata": set(),
    "storage": set(),
    "project": {"errors"},
    "manifest": {"errors", "project"},
    "worker": {"errors", "project", "manifest", "metadata", "process", "sources", "storage"},
    "executor": {"_compat", "worker"},
    "defs": {"errors", "executor", "manifest", "metadata", "project", "worker"},
    "definitions": {"defs", "executor", "project"},
    "celery": {"worker"},
    "pool": {"errors", "manifest", "process", "project", "worker"},
    "celery_launcher": {"_compat", "defs"},
    "report": {"_compat", "metadata"},
    "launch": {"_compat", "defs", "errors", "process", "project", "sources", "storage", "worker"},
    "launcher": {"_compat", "defs", "launch", "process", "storage"},
    "dev": {"launch", "process"},
    "__init__": {"defs", "errors"},
}


def layer_of(source: Path) -> str:
    return source.relative_to(PACKAGE).parts[0].removesuffix(".py")


def own_imports(source: Path) -> set[str]:
    """The modules of the package that a file imports, for its types too."""
    names = [name.removeprefix("dagma.") for name in imported_modules(source) if name.startswith("dagma.")]
    return {module for name in names if (module := _module_of(name)) is not None}


def _module_of(name: str) -> str | None:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = PACKAGE.joinpath(*parts[:length])
        if path.with_suffix(".py").exists() or path.is_dir():
            return ".".join(parts[:length])
    return None


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


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_layers_import_one_way(source: Path) -> None:
    layer = layer_of(source)
    assert {module.partition(".")[0] for module in own_imports(source)} - {layer} <= LAYERS[layer]


def test_no_module_imports_itself_by_others() -> None:
    modules = {".".join(source.relative_to(PACKAGE).with_suffix("").parts): own_imports(source) for source in SOURCES}
    for module in modules:
        reached: set[str] = set()
        waiting = [module]
        while waiting:
            found = modules.get(waiting.pop(), set()) - reached
            reached |= found
            waiting += found
        assert module not in reached


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
