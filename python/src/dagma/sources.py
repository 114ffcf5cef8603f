"""Whether a project's files are still the ones with which a Node worker was started ahead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_SUFFIXES = (".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json", ".env", ".node", ".wasm")
_OF_NODE = {"package.json", "package-lock.json", "npm-shrinkwrap.json", ".package-lock.json"}
"""JSON files that Node or npm reads: which packages there are, and what their names mean."""

_NO_SOURCES = {"node_modules", "__pycache__"}

Fingerprint = frozenset[tuple[str, int, int]]
"""Path, time of change and size of each file."""


def fingerprint(root: Path) -> Fingerprint:
    """Of everything that a worker may have loaded: the project, packages linked beside it, what is installed."""
    found = set(_files(str(root)))
    for folder in (root, *root.parents):
        modules = folder / "node_modules"
        for linked in _linked_packages(modules):
            found.update(_files(linked))
        for name in (".package-lock.json", ".modules.yaml", ".yarn-state.yml"):  # npm, pnpm, yarn
            found.update(_file(str(modules / name)))
    return frozenset(found)


def is_unchanged(before: Fingerprint, now: Fingerprint, imported_json: Collection[str] | None) -> bool:
    """Whether a worker that was started before would load the same code now.

    A JSON file that its code does not import is data, which a project may write into its own folder in each run. While
    it is not known what the code imports, every file counts.
    """
    changed = {path for path, _, _ in before ^ now}
    return not changed if imported_json is None else all(_is_data(path, imported_json) for path in changed)


def _is_data(path: str, imported_json: Collection[str]) -> bool:
    return (
        path.endswith(".json")
        and os.path.basename(path) not in _OF_NODE  # noqa: PTH119  # as all paths here
        and os.path.realpath(path) not in imported_json
    )


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _NO_SOURCES and not entry.name.startswith("."):
                yield from _files(entry.path)
        elif entry.name.endswith(_SUFFIXES) or entry.name.startswith(".env"):
            yield from _file(entry.path)


def _file(path: str) -> Iterator[tuple[str, int, int]]:
    try:
        status = os.stat(path)  # noqa: PTH116  # hundreds of them, before a run starts
    except OSError:
        return
    yield path, status.st_mtime_ns, status.st_size


def _linked_packages(modules: Path) -> Iterator[str]:
    """Folders of packages that are not installed but linked: the other packages of a workspace."""
    try:
        entries = list(os.scandir(modules))
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            if f"{os.sep}node_modules{os.sep}" not in target:
                yield target
        elif entry.name.startswith("@"):
            yield from _linked_packages(Path(entry.path))
