"""Writes what Dagster gives for time partitions and partition mappings, for the tests of packages/dagma. Run with a Python that has Dagster."""

import datetime
import json
from pathlib import Path

import dagster as dg

MADE = {
    "hourly": dg.HourlyPartitionsDefinition,
    "daily": dg.DailyPartitionsDefinition,
    "weekly": dg.WeeklyPartitionsDefinition,
    "monthly": dg.MonthlyPartitionsDefinition,
}

WINDOWS = [
    # Around both changes of the clock, and where offsets are not whole hours.
    ("daily", "2026-03-27", None, "Europe/Berlin", "2026-04-01T00:30:00+00:00"),
    ("daily", "2026-10-23", None, "Europe/Berlin", "2026-10-28T12:00:00+00:00"),
    ("daily", "2026-11-01", "2026-11-04", "America/New_York", "2026-12-01T00:00:00+00:00"),
    ("daily", "2026-01-01", None, "UTC", "2026-01-04T00:00:00+00:00"),
    ("daily", "2026-01-01", None, "Asia/Kathmandu", "2026-01-03T18:14:59+00:00"),
    ("hourly", "2026-03-28-22:00", None, "Europe/Berlin", "2026-03-29T03:30:00+00:00"),
    ("hourly", "2026-01-01", "2026-01-01-05:00", "UTC", "2026-02-01T00:00:00+00:00"),
    ("weekly", "2026-01-01", None, "UTC", "2026-02-10T00:00:00+00:00"),
    ("weekly", "2026-03-22", None, "America/New_York", "2026-04-20T04:00:00+00:00"),
    ("monthly", "2026-01-01", None, "Europe/Berlin", "2026-06-30T21:59:59+00:00"),
    ("monthly", "2026-01-15", None, "UTC", "2026-04-01T00:00:00+00:00"),
    ("daily", "2026-05-01", None, "UTC", "2026-05-01T10:00:00+00:00"),
]


def moment(kind, text):
    return text if text is None or kind != "hourly" or len(text) > 10 else f"{text}-00:00"


def windows():
    for kind, start, end, timezone, now in WINDOWS:
        partitions = MADE[kind](start_date=moment(kind, start), end_date=moment(kind, end), timezone=timezone)
        keys = partitions.get_partition_keys(current_time=datetime.datetime.fromisoformat(now))
        yield {"partitions": {"kind": kind, "start": start, "end": end, "timezone": timezone}, "now": now, "keys": list(keys)}


DAYS = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_date="2026-01-11")
WEEKS = dg.WeeklyPartitionsDefinition(start_date="2026-01-04", end_date="2026-02-01")
HOURS = dg.HourlyPartitionsDefinition(start_date="2026-01-01-00:00", end_date="2026-01-03-00:00")
NAMES = dg.StaticPartitionsDefinition(["a", "b", "c"])
REGIONS = dg.StaticPartitionsDefinition(["x", "y"])
MULTI = dg.MultiPartitionsDefinition({"day": DAYS, "region": REGIONS})

MAPPINGS = [
    ("identity", dg.IdentityPartitionMapping(), "days", "days", "2026-01-05"),
    ("last", dg.LastPartitionMapping(), "days", "names", "a"),
    ("all", dg.AllPartitionMapping(), "names", "days", "2026-01-05"),
    ("specific", dg.SpecificPartitionsPartitionMapping(["a", "c"]), "names", "days", "2026-01-05"),
    ("static", dg.StaticPartitionMapping({"a": "x", "b": {"x", "y"}, "c": "y"}), "names", "regions", "x"),
    ("time_window", dg.TimeWindowPartitionMapping(start_offset=-2), "days", "days", "2026-01-05"),
    ("time_window", dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1), "days", "days", "2026-01-05"),
    ("time_window", dg.TimeWindowPartitionMapping(), "hours", "days", "2026-01-02"),
    ("time_window", dg.TimeWindowPartitionMapping(), "days", "weeks", "2026-01-04"),
    ("multi_to_single", dg.MultiToSingleDimensionPartitionMapping("day"), "multi", "days", "2026-01-05"),
    ("multi_to_single", dg.MultiToSingleDimensionPartitionMapping("region"), "multi", "regions", "y"),
    ("multi_to_single", dg.MultiToSingleDimensionPartitionMapping("day"), "days", "multi", "2026-01-05|x"),
]

DEFINITIONS = {"days": DAYS, "weeks": WEEKS, "hours": HOURS, "names": NAMES, "regions": REGIONS, "multi": MULTI}


def mappings():
    now = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
    for kind, mapping, upstream, downstream, key in MAPPINGS:
        up, down = DEFINITIONS[upstream], DEFINITIONS[downstream]
        subset = down.empty_subset().with_partition_keys([key])
        result = mapping.get_upstream_mapped_partitions_result_for_partitions(subset, down, up, current_time=now)
        options = {}
        for name in ("start_offset", "end_offset", "partition_dimension_name", "partition_keys"):
            value = getattr(mapping, name, None)
            if value is not None:
                options[name] = list(value) if isinstance(value, (list, tuple)) else value
        yield {
            "mapping": {"kind": kind, **options},
            "upstream": upstream,
            "downstream": downstream,
            "key": key,
            "keys": sorted(result.partitions_subset.get_partition_keys()),
        }


target = Path(__file__).parents[1] / "packages/dagma/src/definitions/partitions/golden-partitions.json"
target.write_text(json.dumps({"windows": list(windows()), "mappings": list(mappings())}, indent=1) + "\n")
