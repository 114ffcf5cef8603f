"""Gets a project's manifest: from `dagma build`, or from a file that was built before."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dagma.errors import BuildError, DefinitionError, ManifestError, NodeError
from dagma.manifest.parse import parse_manifest
from dagma.project import find_toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagma.manifest.types import Manifest
    from dagma.project import Project

MANIFEST_ENV = "DAGMA_MANIFEST"
"""Names a manifest file that is read instead of starting Node; for deployments."""

_RUN_MANIFESTS_ENV = "DAGMA_RUN_MANIFESTS"
"""Names a folder with the manifests of the run whose step this process executes; set by the process of the run."""

_BUILD_TIMEOUT = 120.0
_WRONG_DEFINITIONS = 2


def read_manifest(project: Project, file: Path | None = None) -> Manifest:
    """The project's manifest: in a process of a step, that of its run; otherwise the current one."""
    of_run = _file_of_run(project)
    if of_run is not None and of_run.exists():
        return parse_manifest(of_run.read_text(encoding="utf-8"), f"The manifest {of_run} of the run")
    return parse_manifest(*current_manifest(project, file))


def current_manifest(project: Project, file: Path | None) -> tuple[str, str]:
    """The manifest's text, and where it comes from: the file, the one that `DAGMA_MANIFEST` names, or `dagma build`."""
    if file is not None:
        return _read_file(file, "named where the definitions are loaded", "name none there")
    named = os.environ.get(MANIFEST_ENV)
    if named:
        return _read_file(Path(named), f"named by {MANIFEST_ENV}", f"unset {MANIFEST_ENV}")
    return _build(project), f"What `dagma build` wrote in {project.root}"


@contextmanager
def manifest_of_run(project: Project, text: str) -> Iterator[None]:
    """Gives the processes that this one starts meanwhile a manifest, so that they need not build their own."""
    before = os.environ.get(_RUN_MANIFESTS_ENV)
    with tempfile.TemporaryDirectory(prefix="dagma-run-") as folder:
        os.environ[_RUN_MANIFESTS_ENV] = folder
        try:
            _file_in(folder, project).write_text(text, encoding="utf-8")
            yield
        finally:
            if before is None:
                del os.environ[_RUN_MANIFESTS_ENV]
            else:
                os.environ[_RUN_MANIFESTS_ENV] = before


def _file_of_run(project: Project) -> Path | None:
    folder = os.environ.get(_RUN_MANIFESTS_ENV)
    return None if not folder else _file_in(folder, project)


def _file_in(folder: str, project: Project) -> Path:
    return Path(folder, hashlib.sha256(str(project.root).encode()).hexdigest())


def _read_file(file: Path, named: str, or_else: str) -> tuple[str, str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = (
            f"The manifest {file.absolute()}, {named}, cannot be read: {error}. "
            f"Write it with `dagma build --output {shlex.quote(str(file))}`, or {or_else}."
        )
        raise ManifestError(message) from error
    return text, f"The manifest {file.absolute()}"


def _build(project: Project) -> str:
    """The manifest that `dagma build` writes: to a file, so that nothing that the definitions print gets into it."""
    with tempfile.TemporaryDirectory(prefix="dagma-") as folder:
        file = Path(folder) / "manifest.json"
        printed = _run_build(project, file)
        if printed:
            sys.stderr.write(printed)
        try:
            return file.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            message = f"`dagma build` in {project.root} succeeded, but wrote no manifest.\n{printed.strip()}"
            raise BuildError(message) from error


def _run_build(project: Project, file: Path) -> str:
    tools = find_toolchain(project)
    try:
        built = subprocess.run(
            [tools.node, tools.cli, "build", "--output", file],
            cwd=project.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=_BUILD_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = (
            f"`dagma build` in {project.root} did not finish within {_BUILD_TIMEOUT:.0f} s. "
            "Loading the definitions does not finish: run the command yourself to see why."
        )
        raise BuildError(message) from error
    except OSError as error:
        message = f"`dagma build` in {project.root} could not be started: {error}."
        raise NodeError(message) from error
    if built.returncode == _WRONG_DEFINITIONS:
        message = (
            re.sub(r"^error: ", "", built.stdout.strip(), flags=re.MULTILINE)
            or f"The definitions of {project.root} are invalid, but `dagma build` printed no reason."
        )
        raise DefinitionError(message)
    if built.returncode != 0:
        message = f"`dagma build` in {project.root} failed with exit code {built.returncode}.\n{built.stdout.strip()}"
        raise BuildError(message)
    return built.stdout
