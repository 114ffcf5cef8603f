"""Gets a project's manifest: from `dagma build`, or from a file that was built before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dagma.errors import BuildError, DefinitionError, ManifestError, NodeError
from dagma.parse import parse_manifest
from dagma.project import find_toolchain

if TYPE_CHECKING:
    from dagma.manifest import Manifest
    from dagma.project import Project

MANIFEST_ENV = "DAGMA_MANIFEST"
"""Names a manifest file that is read instead of starting Node; for deployments."""

_BUILD_TIMEOUT = 120.0
_WRONG_DEFINITIONS = 2


def read_manifest(project: Project) -> Manifest:
    """The project's manifest."""
    file = os.environ.get(MANIFEST_ENV)
    if file:
        return _read_file(Path(file))
    return parse_manifest(_build(project), f"The output of `dagma build` in {project.root}")


def _read_file(file: Path) -> Manifest:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = (
            f"The manifest {file.absolute()}, named by {MANIFEST_ENV}, cannot be read: {error}. "
            f"Write it with `dagma build --output {file}`, or unset {MANIFEST_ENV}."
        )
        raise ManifestError(message) from error
    return parse_manifest(text, f"The manifest {file.absolute()}")


def _build(project: Project) -> str:
    tools = find_toolchain(project)
    try:
        built = subprocess.run(
            [tools.node, tools.cli, "build", "--output", "-"],
            cwd=project.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_BUILD_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = (
            f"`dagma build` in {project.root} did not end within {_BUILD_TIMEOUT:.0f} s. "
            "Something waits while the definitions load: run it by hand to see what."
        )
        raise BuildError(message) from error
    except OSError as error:
        message = f"`dagma build` in {project.root} could not be started: {error}."
        raise NodeError(message) from error
    if built.returncode == _WRONG_DEFINITIONS:
        message = (
            built.stderr.strip() or f"The definitions of {project.root} are wrong; `dagma build` does not say how."
        )
        raise DefinitionError(message)
    if built.returncode != 0:
        message = f"`dagma build` in {project.root} failed with exit code {built.returncode}.\n{built.stderr.strip()}"
        raise BuildError(message)
    if built.stderr:
        sys.stderr.write(built.stderr)
    return built.stdout
