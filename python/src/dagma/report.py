"""`python -m dagma.report <lock file>`: reports events of the embedded engine to Dagster's instance (DAGSTER_HOME).

Reads one request on stdin and prints one answer, both of `protocol/report.schema.json`. What the instance has already
is asked of it and not reported again: so a report may be repeated, also after one that was killed.
"""

from __future__ import annotations

import fcntl
import json
import sys
import traceback
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import dagster as dg

from dagma._compat import check_evaluations
from dagma.metadata import metadata_from_wire, without_constants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Event: TypeAlias = "Mapping[str, Any]"
"""An event of the embedded engine, as the protocol has it."""

DagsterEvent: TypeAlias = "dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation"

EVENT_ID = "dagma/event_id"
"""Metadata of every reported event: what distinguishes it from all others."""

_PAGE = 200


class EventError(Exception):
    """Dagster did not accept an event."""

    def __init__(self, event: Event, cause: Exception) -> None:
        super().__init__(f"the {event['type']} of {'/'.join(event['asset_key'])}: {type(cause).__name__}: {cause}")


def report(instance: dg.DagsterInstance, request: Mapping[str, Any]) -> list[str]:
    """Reports the events that the instance lacks; gives their ids.

    Events are distinguished by their ids alone, in all of the instance's history: the clock that stamped a run
    may be ahead of the instance's, or behind it.
    """
    by_subject: dict[_Subject, list[Event]] = {}
    for event in request["events"]:
        by_subject.setdefault(_subject(event), []).append(event)

    @cache
    def there(subject: _Subject) -> set[str]:
        return _ids_of(instance, subject, by_subject[subject])

    reported = []
    for event in request["events"]:
        if event["id"] in there(_subject(event)):
            continue
        try:
            instance.report_runless_asset_event(_MAKE[event["type"]](event))
        except Exception as error:
            raise EventError(event, error) from error
        reported.append(event["id"])
    return reported


_Subject: TypeAlias = "tuple[str, tuple[str, ...], str | None]"
"""The subject of an event: its type, its asset, and the asset's check."""


def _subject(event: Event) -> _Subject:
    return event["type"], tuple(event["asset_key"]), event.get("check")


def _ids_of(instance: dg.DagsterInstance, subject: _Subject, wanted: Sequence[Event]) -> set[str]:
    """Ids of the events that the instance has of a subject, newest first until all that are wanted are found."""
    missing, ids = {event["id"] for event in wanted}, set()
    for metadata in _metadata_of(instance, subject, wanted):
        if EVENT_ID in metadata:
            ids.add(str(metadata[EVENT_ID].value))
            missing -= ids
        if not missing:
            break
    return ids


def _metadata_of(
    instance: dg.DagsterInstance, subject: _Subject, wanted: Sequence[Event]
) -> Iterator[Mapping[str, dg.MetadataValue[Any]]]:
    """Metadata of what the instance has of an asset, in the partitions of what is wanted, or of a check of it."""
    kind, asset, check = subject
    if check is not None:
        yield from (found.metadata for found in check_evaluations(instance, dg.AssetKey(asset), check))
        return
    partitions = {event["partition"] for event in wanted}
    records = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey(asset), asset_partitions=None if None in partitions else sorted(partitions)
    )
    fetch = instance.fetch_materializations if kind == "materialization" else instance.fetch_observations
    cursor, more = None, True
    while more:
        page = fetch(records, limit=_PAGE, cursor=cursor)
        for record in page.records:
            event = record.asset_materialization or record.asset_observation
            if event is not None:
                yield event.metadata
        cursor, more = page.cursor, page.has_more


def _materialization(event: Event) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(**_asset_event(event))


def _observation(event: Event) -> dg.AssetObservation:
    return dg.AssetObservation(**_asset_event(event))


def _asset_event(event: Event) -> dict[str, Any]:
    metadata, constants = without_constants(metadata_from_wire(event["metadata"]))
    return {
        "asset_key": dg.AssetKey(event["asset_key"]),
        "partition": event["partition"],
        "metadata": metadata,
        "tags": {**constants, **_version_tags(event["data_version"])},
    }


def _version_tags(version: str | None) -> dict[str, str]:
    """The tags in which Dagster keeps a data version that the user gave, as its own REST endpoint sets them."""
    if version is None:
        return {}
    return {"dagster/data_version": version, "dagster/data_version_is_user_provided": "true"}


def _check(event: Event) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(event["asset_key"]),
        check_name=event["check"],
        passed=event["passed"],
        severity=dg.AssetCheckSeverity(event["severity"]),
        blocking=event["blocking"],
        description=event["description"],
        metadata=metadata_from_wire(event["metadata"]),
    )


_MAKE: Mapping[str, Callable[[Event], DagsterEvent]] = {
    "materialization": _materialization,
    "observation": _observation,
    "check": _check,
}


def main(arguments: Sequence[str]) -> int:
    """Answers the request on stdin. One reporter of a project at a time: two would not see each other's events."""
    request = json.load(sys.stdin)
    try:
        with Path(arguments[0]).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with dg.DagsterInstance.get() as instance:
                reported = report(instance, request)
    except Exception as error:  # noqa: BLE001  # whatever it is, a person reads it in one piece
        sys.stderr.write("".join(traceback.format_exception_only(error)))
        return 1
    sys.stdout.write(f"{json.dumps({'reported': reported})}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
