"""Reads a manifest's text; one that does not keep to its version is refused."""

from __future__ import annotations

import json
import reprlib
from typing import Any

from dagma.errors import ManifestError
from dagma.manifest.types import (
    MANIFEST_VERSION,
    Asset,
    BackfillPolicy,
    Check,
    Dep,
    Digests,
    Executor,
    Job,
    Manifest,
    RetryPolicy,
    Schedule,
    Sensor,
    Source,
    Step,
)


def parse_manifest(text: str, origin: str) -> Manifest:
    """Reads a manifest; `origin` says in an error where the text comes from."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"{origin} is not a manifest: {error}. It begins with {text[:200]!r}."
        raise ManifestError(message) from error
    _check_version(data, origin)
    try:
        return Manifest(
            dagma_version=data["dagma_version"],
            executor=_executor(data["executor"]),
            steps=tuple(_step(step) for step in data["steps"]),
            budgets=tuple(str(name) for name in data["budgets"]),
            in_process_values=_values(data["in_process_values"]),
            project_folder_values=_values(data["project_folder_values"]),
            has_instrument=bool(data["has_instrument"]),
            external_assets=tuple(_asset(asset) for asset in data["external_assets"]),
            jobs=tuple(_job(job) for job in data["jobs"]),
            schedules=tuple(Schedule(**schedule) for schedule in data["schedules"]),
            sensors=tuple(_sensor(sensor) for sensor in data["sensors"]),
            digests=Digests(**data["digests"]),
        )
    except Exception as error:  # a manifest may hold anything
        raise misread(error, origin) from error


def misread(error: Exception, origin: str) -> ManifestError:
    """Says what was found wrong with a manifest while it was read or used."""
    return ManifestError(
        f"{origin} has manifest_version {MANIFEST_VERSION}, but does not match its schema: "
        f"{type(error).__name__}: {error}. {_UPDATE}"
    )


_UPDATE = "Install the npm package dagma and the Python package dagster-dagma in the same version."


def _check_version(data: Any, origin: str) -> None:
    if not isinstance(data, dict) or "manifest_version" not in data:
        message = f"{origin} is not a manifest: it has no manifest_version. {_UPDATE}"
        raise ManifestError(message)
    found = data["manifest_version"]
    if found != MANIFEST_VERSION:
        message = (
            f"{origin} has manifest_version {reprlib.repr(found)} "
            f"(written by dagma {reprlib.repr(data.get('dagma_version', '?'))}); "
            f"this dagster-dagma reads manifest_version {MANIFEST_VERSION}. {_UPDATE}"
        )
        raise ManifestError(message)


def _values(data: list[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((value["step"], value["upstream"]) for value in data)


def _step(data: dict[str, Any]) -> Step:
    retry, backfill = data["retry_policy"], data["backfill_policy"]
    return Step(
        name=data["name"],
        kind=data["kind"],
        assets=tuple(_asset(asset) for asset in data["assets"]),
        checks=tuple(_check(check) for check in data["checks"]),
        can_subset=data["can_subset"],
        config_schema=data["config_schema"],
        retry_policy=None if retry is None else RetryPolicy(**retry),
        timeout_seconds=data["timeout_seconds"],
        pool=data["pool"],
        op_tags=dict(data["op_tags"]),
        dynamic_partitions=tuple(data["dynamic_partitions"]),
        backfill_policy=None if backfill is None else BackfillPolicy(**backfill),
    )


def _asset(data: dict[str, Any]) -> Asset:
    source = data["source"]
    return Asset(
        key=tuple(data["key"]),
        group=data["group"],
        description=data["description"],
        owners=tuple(data["owners"]),
        tags=dict(data["tags"]),
        kinds=tuple(data["kinds"]),
        code_version=data["code_version"],
        metadata=dict(data["metadata"]),
        partitions=data["partitions"],
        automation=data["automation"],
        deps=tuple(Dep(tuple(dep["key"]), dep["mapping"]) for dep in data["deps"]),
        source=None if source is None else Source(source["file"], source["line"]),
    )


def _check(data: dict[str, Any]) -> Check:
    return Check(tuple(data["asset"]), data["name"], data["description"], data["blocking"])


def _job(data: dict[str, Any]) -> Job:
    return Job(
        name=data["name"],
        description=data["description"],
        tags=dict(data["tags"]),
        config=dict(data["config"]),
        executor=_executor(data["executor"]),
        op_tags=dict(data["op_tags"]),
        asset_keys=tuple(tuple(key) for key in data["asset_keys"]),
        hooks=tuple(data["hooks"]),
    )


def _executor(data: dict[str, Any] | None) -> Executor | None:
    return None if data is None else Executor(data["module"], data["name"], dict(data["config"]))


def _sensor(data: dict[str, Any]) -> Sensor:
    interval = data["minimum_interval_seconds"]
    return Sensor(
        name=data["name"],
        description=data["description"],
        job_names=tuple(data["job_names"]),
        dynamic_partitions=tuple(data["dynamic_partitions"]),
        minimum_interval_seconds=interval,
        default_status=data["default_status"],
    )
