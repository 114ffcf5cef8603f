"""Partitions and mappings of the manifest as Dagster's own."""

from __future__ import annotations

import datetime as dt
import inspect
from typing import Any

import dagster as dg
import pytest

from dagma.defs.partitions import mapping_of, partitions_of
from dagma.errors import ExclusionsUnsupportedError

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.timezone.utc)
HAS_EXCLUSIONS = "exclusions" in inspect.signature(dg.TimeWindowPartitionsDefinition.__new__).parameters


def days(**changes: Any) -> dict[str, Any]:
    offsets = {"minute_offset": 0, "hour_offset": 2, "day_offset": 0, "end_offset": 0}
    return {
        "kind": "daily",
        "start": "2026-01-01",
        "end": "2026-01-07",
        "timezone": "Europe/Berlin",
        "exclusions": [],
        **offsets,
        **changes,
    }


def keys_of(declared: dict[str, Any]) -> list[str]:
    definition = partitions_of(declared)
    assert definition is not None
    return list(definition.get_partition_keys(current_time=NOW))


def test_the_windows_of_a_cron_expression() -> None:
    declared = {
        "kind": "time_window",
        "start": "2026-01-02-12:00",
        "end": "2026-01-06",
        "timezone": "Europe/Berlin",
        "cron_schedule": "30 9,17 * * 1-5",
        "key_format": "%Y%m%d %H:%M",
        "end_offset": 0,
        "exclusions": [],
    }
    assert keys_of(declared) == ["20260102 17:30", "20260105 09:30"]


def test_exclusions_by_cron_expression_and_by_the_start_of_a_window() -> None:
    excluded = dt.datetime(2026, 1, 5, 1, tzinfo=dt.timezone.utc).timestamp()
    declared = days(exclusions=["0 2 * * 0,6", excluded])
    if HAS_EXCLUSIONS:
        assert keys_of(declared) == ["2026-01-01", "2026-01-02"]
        assert keys_of(days()) == [f"2026-01-0{day}" for day in range(1, 6)]
    else:
        with pytest.raises(ExclusionsUnsupportedError, match="cannot exclude partitions"):
            partitions_of(declared)


def test_a_mapping_by_dimension() -> None:
    upstream = partitions_of({"kind": "multi", "dimensions": {"day": days(), "region": regions("x", "y")}})
    downstream = partitions_of({"kind": "multi", "dimensions": {"date": days(), "size": regions("s", "l")}})
    time = {
        "kind": "time_window",
        "start_offset": -1,
        "end_offset": 0,
        "allow_nonexistent_upstream_partitions": False,
    }
    mapping = mapping_of({"kind": "multi", "dimensions": {"day": {"dimension": "date", "mapping": time}}})
    assert mapping is not None
    assert upstream is not None
    assert downstream is not None
    own = downstream.empty_subset().with_partition_keys(["2026-01-03|l"])
    found = mapping.get_upstream_mapped_partitions_result_for_partitions(own, downstream, upstream, NOW)
    assert sorted(found.partitions_subset.get_partition_keys()) == [
        "2026-01-02|x",
        "2026-01-02|y",
        "2026-01-03|x",
        "2026-01-03|y",
    ]


def regions(*keys: str) -> dict[str, Any]:
    return {"kind": "static", "partition_keys": list(keys)}
