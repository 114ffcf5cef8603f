"""The reports of a step in its Pipes session, as Dagster's results."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import dagster as dg

from dagma.errors import ProtocolError
from dagma.metadata import metadata_from_wire, without_constants
from dagma.worker.stored_values import tags_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

StepResult: TypeAlias = "dg.MaterializeResult[Any] | dg.ObserveResult | dg.AssetCheckResult"
"""Anything that a step gives to Dagster."""


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Turns any error within into one that says the worker sent an unreadable `what`."""
    try:
        yield
    except Exception as error:
        message = (
            f"The Node worker sent an unreadable {what} of the step ({type(error).__name__}: {error}). "
            "Install the npm package dagma and the Python package dagster-dagma in the same version."
        )
        raise ProtocolError(message) from error


def collect_results(session: dg.PipesSession) -> list[StepResult]:
    """Materializations, checks and observations, as they were reported."""
    stored = {message["asset_key"]: message for message in _messages(session, "stored")}
    reported = [
        _with_description(result) if isinstance(result, dg.AssetCheckResult) else _with_tags(result, stored)
        for result in session.get_results(implicit_materializations=False)
    ]
    return [*reported, *(_observation(message) for message in _messages(session, "observation"))]


def change_dynamic_partitions(session: dg.PipesSession, instance: dg.DagsterInstance) -> None:
    """Adds and deletes the dynamic partitions that the step named."""
    apply_dynamic_partitions(_messages(session, "dynamic_partitions"), instance)


def apply_dynamic_partitions(changes: Iterable[Mapping[str, Any]], instance: dg.DagsterInstance) -> None:
    """Adds and deletes dynamic partitions, change by change."""
    for change in changes:
        if change["add"]:
            instance.add_dynamic_partitions(change["partitions"], change["add"])
        for key in change["remove"]:
            instance.delete_dynamic_partition(change["partitions"], key)


def failure_of(session: dg.PipesSession) -> dict[str, Any]:
    """How a failure is to be taken: what `dagster.Failure` takes beside the description."""
    for message in _messages(session, "failure"):
        return {"metadata": metadata_from_wire(message["metadata"]), "allow_retries": message["allow_retries"]}
    return {}


def _messages(session: dg.PipesSession, kind: str) -> Iterator[Mapping[str, Any]]:
    for payload in session.get_custom_messages():
        message = payload.get("dagma") if isinstance(payload, dict) else None
        if isinstance(message, dict) and message.get("type") == kind:
            yield message


def _observation(message: Mapping[str, Any]) -> dg.ObserveResult:
    version = message["data_version"]
    metadata, tags = without_constants(metadata_from_wire(message["metadata"]))
    return dg.ObserveResult(
        asset_key=dg.AssetKey(message["asset_key"].split("/")),
        metadata=metadata,
        tags=tags,
        data_version=None if version is None else dg.DataVersion(version),
    )


def _with_tags(result: dg.MaterializeResult[Any], stored: Mapping[str, Mapping[str, Any]]) -> dg.MaterializeResult[Any]:
    """Pipes has no field for the tags of a materialization."""
    key = result.asset_key
    metadata, constants = without_constants(result.metadata or {})
    tags = constants if key is None else {**constants, **tags_of(stored.get("/".join(key.path)))}
    return dg.MaterializeResult(asset_key=key, metadata=metadata, data_version=result.data_version, tags=tags)


def _with_description(result: dg.AssetCheckResult) -> dg.AssetCheckResult:
    """Pipes has no field for a check's description: it comes as metadata."""
    metadata = dict(result.metadata or {})
    description = metadata.pop("description", None)
    if description is None:
        return result
    return dg.AssetCheckResult(
        passed=result.passed,
        asset_key=result.asset_key,
        check_name=result.check_name,
        severity=result.severity,
        metadata=metadata,
        description=str(getattr(description, "text", description)),
    )
