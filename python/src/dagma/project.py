"""Where a Dagma project is, and with which Node and which `dagma` package it runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagma.errors import NodeError, PackageNotInstalledError, ProjectNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT_ENV = "DAGMA_PROJECT"
"""Names the project's folder, for processes that are started elsewhere."""

NODE_ENV = "DAGMA_NODE"
"""Names the Node executable, before any other that could be found."""

OLDEST_NODE = (22, 18)
"""The first Node that loads TypeScript without a flag."""


@dataclass(frozen=True)
class Project:
    """A folder whose package.json has a "dagma" field."""

    root: Path
    name: str


@dataclass(frozen=True)
class Toolchain:
    """The command that runs a project's TypeScript: a Node executable, and the path of the project's `dagma`."""

    node: Path
    cli: Path


def find_project(start: Path | None = None) -> Project:
    """The project that `DAGMA_PROJECT` names, otherwise the nearest one from `start` (the working folder) upwards."""
    named = os.environ.get(PROJECT_ENV)
    if start is None and named:
        return open_project(Path(named), because=f"{PROJECT_ENV} names it")
    start = (start or Path.cwd()).absolute()
    for folder in _upwards(start):
        package = _read_package(folder)
        if package is not None and "dagma" in package:
            return _project(folder, package)
    message = (
        f'No Dagma project: neither {start} nor a folder above it has a package.json with a "dagma" field. '
        f"Run the command inside the project, or set {PROJECT_ENV} to the project's folder."
    )
    raise ProjectNotFoundError(message)


def open_project(root: Path, *, because: str) -> Project:
    """The project in exactly this folder; `because` says in an error who named it."""
    root = root.absolute()
    package = _read_package(root)
    if package is None:
        message = f"{root} is not a Dagma project: it has no package.json. It was checked because {because}."
        raise ProjectNotFoundError(message)
    return _project(root, package)


def find_toolchain(project: Project) -> Toolchain:
    """Node and the `dagma` command line of a project, or an error that says how to get them."""
    for folder in _upwards(project.root):
        if (folder / ".pnp.cjs").exists() and not (folder / "node_modules" / "dagma").exists():
            message = (
                f"{folder} uses Yarn Plug'n'Play, which has no node_modules, where Dagma looks for the project's "
                "packages. Write `nodeLinker: node-modules` into .yarnrc.yml and run `yarn install`."
            )
            raise PackageNotInstalledError(message)
        cli = folder / "node_modules" / "dagma" / "bin" / "dagma.js"
        if cli.is_file():
            return Toolchain(node=_find_node(project), cli=cli)
    message = (
        f"The npm package dagma is not installed for {project.root}: no node_modules/dagma/bin/dagma.js there "
        "or above. Run `npm install` in the project."
    )
    raise PackageNotInstalledError(message)


def _find_node(project: Project) -> Path:
    named = os.environ.get(NODE_ENV)
    if named:
        return _checked(Path(named), f"{NODE_ENV} names it")
    for folder in _upwards(project.root):
        local = folder / "node_modules" / ".bin" / "node"
        if local.exists():
            return _checked(local, "the project installs it")
    on_path = shutil.which("node")
    if on_path:
        return _checked(Path(on_path), "it is the one on PATH")
    wanted = ".".join(map(str, OLDEST_NODE))
    message = f"Node is not installed. Install Node {wanted} or newer, or set {NODE_ENV} to its executable."
    raise NodeError(message)


def _checked(node: Path, because: str) -> Path:
    found = _node_version(node, because)
    if found >= OLDEST_NODE:
        return node
    wanted = ".".join(map(str, OLDEST_NODE))
    message = (
        f"Node {'.'.join(map(str, found))} is too old for Dagma, which needs {wanted} or newer. {node} was used "
        f"because {because}. Install a newer Node, or set {NODE_ENV} to its executable."
    )
    raise NodeError(message)


@lru_cache
def _node_version(node: Path, because: str) -> tuple[int, ...]:
    try:
        answer = subprocess.run(
            [node, "--version"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            stdin=subprocess.DEVNULL,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        message = f"Node at {node} does not start ({error}). It was used because {because}. Set {NODE_ENV} to another."
        raise NodeError(message) from error
    match = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)\S*", answer)
    if match is None:
        message = f"{node} is not Node: its answer to --version is {answer[:100]!r}. It was used because {because}."
        raise NodeError(message)
    return tuple(int(part) for part in match.groups())


def _upwards(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.parents


def _read_package(folder: Path) -> dict[str, Any] | None:
    file = folder / "package.json"
    try:
        package = json.loads(file.read_text(encoding="utf-8-sig"))  # some editors begin a file with a byte-order mark
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        message = f"{file} cannot be read: {error}. Fix it, or set {PROJECT_ENV} to the project's folder."
        raise ProjectNotFoundError(message) from error
    return package if isinstance(package, dict) else {}


def _project(root: Path, package: dict[str, Any]) -> Project:
    name = package.get("name")
    return Project(root=root, name=name if isinstance(name, str) and name else root.name)
