"""The record of the value that a materialization stored: tags of its event, by which a step detects another value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VALUE_TAG = "dagma/value"
_HOST_TAG = "dagma/host"
_LONGEST_TAG = 63

_SEARCHED = 10
"""The newest materializations among which that of the run itself is looked for."""

_AT_ONCE = 500
"""Partitions that are looked up together."""


def tags_of(stored: Mapping[str, Any] | None) -> dict[str, str]:
    """The tags of a materialization that say what it stored."""
    if stored is None:
        return {}
    stored_at = "" if stored["stored_at"] is None else f".{stored['stored_at']}"
    host = re.sub(r"[^A-Za-z0-9_.-]", "_", stored["host"])[:_LONGEST_TAG]
    return {_VALUE_TAG: f"{stored['digest']}{stored_at}", _HOST_TAG: host}


def stored_of(tags: Mapping[str, str]) -> dict[str, Any] | None:
    """The stored value that the tags describe; None for a materialization without them."""
    value = re.fullmatch(r"(.+?)(?:\.(\d+))?", tags.get(_VALUE_TAG, ""))
    if value is None:
        return None
    stored_at = None if value[2] is None else int(value[2])
    return {"digest": value[1], "stored_at": stored_at, "host": tags.get(_HOST_TAG, "")}


def find_materializations(
    instance: dg.DagsterInstance, run_id: str, asset_key: str, partition_keys: Sequence[str | None]
) -> list[dict[str, Any]]:
    """The materializations of an asset's partitions (None: of the asset): the run's own, otherwise the newest.

    Those that were never materialized are left out.
    """
    key, found = dg.AssetKey(asset_key.split("/")), []
    for start in range(0, len(partition_keys), _AT_ONCE):
        found += _find(instance, run_id, key, set(partition_keys[start : start + _AT_ONCE]))
    return found


def _find(
    instance: dg.DagsterInstance, run_id: str, asset_key: dg.AssetKey, wanted: set[str | None]
) -> list[dict[str, Any]]:
    partitions = [partition for partition in wanted if partition is not None]
    records_filter = dg.AssetRecordsFilter(asset_key, asset_partitions=partitions or None)
    limit, cursor, has_more = max(_SEARCHED, 2 * len(wanted)), None, True
    found: dict[str | None, dg.EventLogRecord] = {}
    while has_more and len(found) < len(wanted):
        page = instance.fetch_materializations(records_filter, limit=limit, cursor=cursor)
        for record in page.records:  # newest first
            key = None if record.partition_key is None else str(record.partition_key)
            if key in wanted and (key not in found or (record.run_id == run_id != found[key].run_id)):
                found[key] = record
        cursor, has_more = page.cursor, page.has_more
    return [
        {"partition_key": key, "run_id": record.run_id, "stored": _stored_in(record)} for key, record in found.items()
    ]


def _stored_in(record: dg.EventLogRecord) -> dict[str, Any] | None:
    event = record.asset_materialization
    return None if event is None else stored_of(event.tags or {})
