"""Partitions and their mappings: each form of the manifest as Dagster's own."""

from __future__ import annotations

import datetime as dt
import inspect
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import dagster as dg

from dagma.errors import ExclusionsUnsupportedError, UnknownFormError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CADENCES: Mapping[str, Callable[..., dg.PartitionsDefinition[Any]]] = {
    "hourly": dg.HourlyPartitionsDefinition,
    "daily": dg.DailyPartitionsDefinition,
    "weekly": dg.WeeklyPartitionsDefinition,
    "monthly": dg.MonthlyPartitionsDefinition,
}

_OFFSETS = {
    "hourly": ("minute_offset", "end_offset"),
    "daily": ("minute_offset", "hour_offset", "end_offset"),
    "weekly": ("minute_offset", "hour_offset", "day_offset", "end_offset"),
    "monthly": ("minute_offset", "hour_offset", "day_offset", "end_offset"),
}

_DAY_LENGTH = len("2026-01-31")


def partitions_of(declared: Mapping[str, Any] | None) -> dg.PartitionsDefinition[Any] | None:
    """Dagster's partitions definition, or None for an asset without partitions."""
    if declared is None:
        return None
    kind = declared["kind"]
    if kind in _CADENCES:
        start, end = _moment(kind, declared["start"]), _moment(kind, declared["end"])
        options = {name: declared[name] for name in _OFFSETS[kind]} | _exclusions(declared)
        return _CADENCES[kind](start_date=start, end_date=end, timezone=declared["timezone"], **options)
    if kind == "time_window":
        return dg.TimeWindowPartitionsDefinition(
            start=_local_time(declared["start"]),
            end=None if declared["end"] is None else _local_time(declared["end"]),
            fmt=declared["key_format"],
            timezone=declared["timezone"],
            cron_schedule=declared["cron_schedule"],
            end_offset=declared["end_offset"],
            **_exclusions(declared),
        )
    if kind == "static":
        return dg.StaticPartitionsDefinition(list(declared["partition_keys"]))
    if kind == "dynamic":
        return dg.DynamicPartitionsDefinition(name=declared["name"])
    if kind == "multi":
        parts = {name: partitions_of(part) for name, part in declared["dimensions"].items()}
        return dg.MultiPartitionsDefinition(parts)  # type: ignore[arg-type]
    msg = "partitions"
    raise UnknownFormError(msg, kind)


def _exclusions(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The option for the windows that are left out, if any are."""
    exclusions = declared["exclusions"]
    if not exclusions:
        return {}
    if "exclusions" not in inspect.signature(dg.TimeWindowPartitionsDefinition.__new__).parameters:
        raise ExclusionsUnsupportedError(dg.__version__)
    zone = ZoneInfo(declared["timezone"])
    return {"exclusions": [one if isinstance(one, str) else dt.datetime.fromtimestamp(one, zone) for one in exclusions]}


def _local_time(text: str) -> dt.datetime:
    """A local date, or date and time."""
    form = "%Y-%m-%d" if len(text) == _DAY_LENGTH else "%Y-%m-%d-%H:%M"
    return dt.datetime.strptime(text, form)


def _moment(kind: str, text: str | None) -> str | None:
    """A start or end in the form that Dagster reads for the cadence: hourly ones have a time of day."""
    if text is None:
        return None
    day = text[:_DAY_LENGTH]
    return day if kind != "hourly" else text if len(text) > _DAY_LENGTH else f"{day}-00:00"


_MAPPINGS: Mapping[str, Callable[[Mapping[str, Any]], dg.PartitionMapping]] = {
    "identity": lambda _: dg.IdentityPartitionMapping(),
    "last": lambda _: dg.LastPartitionMapping(),
    "all": lambda _: dg.AllPartitionMapping(),
    "specific": lambda mapping: dg.SpecificPartitionsPartitionMapping(list(mapping["partition_keys"])),
    "static": lambda mapping: dg.StaticPartitionMapping(
        {key: list(to) for key, to in mapping["downstream_by_upstream"].items()}
    ),
    "time_window": lambda mapping: dg.TimeWindowPartitionMapping(
        start_offset=mapping["start_offset"],
        end_offset=mapping["end_offset"],
        allow_nonexistent_upstream_partitions=mapping["allow_nonexistent_upstream_partitions"],
    ),
    "multi_to_single": lambda mapping: dg.MultiToSingleDimensionPartitionMapping(
        partition_dimension_name=mapping["dimension"]
    ),
    "multi": lambda mapping: dg.MultiPartitionMapping(
        {
            upstream: dg.DimensionPartitionMapping(one["dimension"], _declared_mapping(one["mapping"]))
            for upstream, one in mapping["dimensions"].items()
        }
    ),
}


def mapping_of(declared: Mapping[str, Any] | None) -> dg.PartitionMapping | None:
    """Dagster's partition mapping, or None for what it takes by default."""
    return None if declared is None else _declared_mapping(declared)


def _declared_mapping(declared: Mapping[str, Any]) -> dg.PartitionMapping:
    make = _MAPPINGS.get(declared["kind"])
    if make is None:
        msg = "partition mapping"
        raise UnknownFormError(msg, declared["kind"])
    return make(declared)
