"""The manifest: what a project declares, as the TypeScript side writes it (protocol/manifest.schema.json)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagma.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFEST_VERSION = 1
"""The only manifest version this package reads."""

AssetPath = tuple[str, ...]
"""An asset key as its path."""


@dataclass(frozen=True)
class Source:
    """Where an asset is declared: a file relative to the project's folder, and a line."""

    file: str
    line: int


@dataclass(frozen=True)
class Asset:
    """One asset of a step."""

    key: AssetPath
    group: str
    description: str | None
    deps: tuple[AssetPath, ...]
    kinds: tuple[str, ...]
    metadata: Mapping[str, Mapping[str, Any]]
    source: Source | None


@dataclass(frozen=True)
class Step:
    """One function in TypeScript that makes one or more assets."""

    name: str
    assets: tuple[Asset, ...]
    config_schema: Mapping[str, Any] | None


@dataclass(frozen=True)
class Job:
    """A named selection of assets."""

    name: str
    description: str | None
    asset_keys: tuple[AssetPath, ...]


@dataclass(frozen=True)
class Schedule:
    """A job on a cron line."""

    name: str
    description: str | None
    job_name: str
    cron_schedule: str
    execution_timezone: str
    default_status: str


@dataclass(frozen=True)
class Manifest:
    """Everything a project declares, with the digest of the text that it was read from."""

    digest: str
    dagma_version: str
    steps: tuple[Step, ...]
    jobs: tuple[Job, ...]
    schedules: tuple[Schedule, ...]


def digest_of(text: str) -> str:
    """The digest that names a manifest: of its text without the newline at its end."""
    return "sha256:" + hashlib.sha256(text.removesuffix("\n").encode()).hexdigest()


def parse_manifest(text: str, origin: str) -> Manifest:
    """Reads a manifest; `origin` says in an error where the text comes from."""
    try:
        data = json.loads(text)
    except ValueError as error:
        message = f"{origin} is not a manifest: {error}. It begins with {text[:200]!r}."
        raise ManifestError(message) from error
    _check_version(data, origin)
    try:
        return Manifest(
            digest=digest_of(text),
            dagma_version=data["dagma_version"],
            steps=tuple(_step(step) for step in data["steps"]),
            jobs=tuple(_job(job) for job in data["jobs"]),
            schedules=tuple(Schedule(**schedule) for schedule in data["schedules"]),
        )
    except (AttributeError, KeyError, TypeError) as error:
        message = (
            f"{origin} says manifest_version {MANIFEST_VERSION} but does not keep to it: "
            f"{type(error).__name__}: {error}. {_UPDATE}"
        )
        raise ManifestError(message) from error


_UPDATE = "Install the npm package dagma and the Python package dagster-dagma in the same version."


def _check_version(data: Any, origin: str) -> None:
    if not isinstance(data, dict) or "manifest_version" not in data:
        message = f"{origin} is not a manifest: it has no manifest_version. {_UPDATE}"
        raise ManifestError(message)
    found = data["manifest_version"]
    if found != MANIFEST_VERSION:
        message = (
            f"{origin} has manifest_version {found!r} (written by dagma {data.get('dagma_version', '?')}); "
            f"this dagster-dagma reads manifest_version {MANIFEST_VERSION}. {_UPDATE}"
        )
        raise ManifestError(message)


def _step(data: dict[str, Any]) -> Step:
    return Step(data["name"], tuple(_asset(asset) for asset in data["assets"]), data["config_schema"])


def _asset(data: dict[str, Any]) -> Asset:
    source = data["source"]
    return Asset(
        key=tuple(data["key"]),
        group=data["group"],
        description=data["description"],
        deps=tuple(tuple(key) for key in data["deps"]),
        kinds=tuple(data["kinds"]),
        metadata=dict(data["metadata"].items()),
        source=None if source is None else Source(source["file"], source["line"]),
    )


def _job(data: dict[str, Any]) -> Job:
    return Job(data["name"], data["description"], tuple(tuple(key) for key in data["asset_keys"]))
