"""Random cases of what Dagster makes of partitions, mappings and cron expressions, for comparison with Dagma's own.

Run with a Python that has Dagster: `python scripts/random/partitions.py SEED SIZE`. Prints JSON; one seed gives the same cases again.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import random
import sys
import warnings
import zoneinfo

import dagster as dg
from dagster_shared.check import CheckError
from dagster._core.errors import DagsterUnknownPartitionError
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._utils.schedules import cron_string_iterator, is_valid_cron_schedule

ZONES = (
    "UTC Europe/Berlin America/New_York America/Sao_Paulo America/Santiago Africa/Cairo Asia/Beirut America/Havana "
    "America/Asuncion Asia/Kolkata Asia/Kathmandu Australia/Lord_Howe Pacific/Chatham Pacific/Apia Africa/Casablanca "
    "America/St_Johns Asia/Tehran Atlantic/Azores Asia/Amman Australia/Adelaide Asia/Gaza America/Nuuk Europe/London "
    "Pacific/Kwajalein Antarctica/Troll"
).split()
CADENCES = {
    "hourly": dg.HourlyPartitionsDefinition,
    "daily": dg.DailyPartitionsDefinition,
    "weekly": dg.WeeklyPartitionsDefinition,
    "monthly": dg.MonthlyPartitionsDefinition,
}
DAYS_AROUND = {"hourly": 3, "daily": 8, "weekly": 40, "monthly": 150}


def changes_of(zone):
    """About when the zone's clock is changed, and one moment at which it is not."""
    info, found = zoneinfo.ZoneInfo(zone), []
    at = dt.datetime(2010, 1, 1, tzinfo=dt.timezone.utc)
    before = at.astimezone(info).utcoffset()
    while at.year < 2028:
        at += dt.timedelta(hours=12)
        offset = at.astimezone(info).utcoffset()
        if offset != before:
            found.append(at)
        before = offset
    return [*found, dt.datetime(2024, 12, 31, 12, tzinfo=dt.timezone.utc)]


CHANGES = {zone: changes_of(zone) for zone in ZONES}


def moment_near(rng, zone, days):
    return rng.choice(CHANGES[zone]) + dt.timedelta(minutes=rng.randint(-days * 1440, days * 1440))


def offsets(zone, moments):
    """Python's time zone data around some moments, to recognize cases in which Node's data differ."""
    info = zoneinfo.ZoneInfo(zone)
    days = {int(at // 86_400) + day for at in moments for day in (-1, 0, 1)}
    return [[day, dt.datetime.fromtimestamp(day * 86_400, info).utcoffset().total_seconds()] for day in sorted(days)]


def random_time(rng, zone, kind, around):
    """A time definition whose start lies before a moment; hourly starts have a time of day."""
    days = DAYS_AROUND[kind]
    start = (around - dt.timedelta(days=rng.randint(1, days))).date()
    end = rng.choice([None, None, None, (around + dt.timedelta(days=rng.randint(0, days))).date()])
    clock = f"-{rng.randint(0, 23):02}:{rng.choice([0, 0, 15, 30, 59]):02}" if kind == "hourly" else ""
    declared = {
        "kind": kind,
        "start": f"{start.isoformat()}{clock}",
        "end": None if end is None else f"{end.isoformat()}{clock}",
        "timezone": zone,
        "minuteOffset": rng.choice([0, 0, 15, 30]),
        "hourOffset": 0 if kind == "hourly" else rng.choice([0, 0, 1, 2, 3, 16]),
        "dayOffset": {
            "weekly": rng.choice([0, 1, 6]),
            "monthly": rng.choice([1, 1, 15, 28]),
        }.get(kind, 0),
        "endOffset": rng.choice([0, 0, 0, 1, 2, -1]),
        "exclude": [],
    }
    if rng.random() < 0.25:
        cron, fmt = random_window_cron(rng, kind)
        declared |= {
            "kind": "time_window",
            "cronSchedule": cron,
            "keyFormat": fmt,
            "minuteOffset": 0,
            "hourOffset": 0,
            "dayOffset": 0,
        }
    if rng.random() < 0.25:
        declared["exclude"] = random_exclusions(rng, definition_of(declared), around)
    return declared


def random_window_cron(rng, kind):
    """A cron expression with about as many windows as a cadence has, and a form of keys that tells them apart."""
    field = lambda low, high: ",".join(map(str, sorted(rng.sample(range(low, high + 1), rng.randint(1, 3)))))
    minute, hour = rng.choice([0, 0, 15, 30, 59]), rng.choice([0, 0, 1, 2, 3, 9, 23])
    if kind == "hourly":
        cron = rng.choice(
            [
                f"{minute} * * * *",
                f"{field(0, 59)} * * * *",
                f"*/{rng.choice([7, 15, 20])} * * * *",
                f"{minute} */{rng.randint(2, 5)} * * *",
                f"{minute} 0-4 * * *",
                f"0 * * * {field(0, 6)}",
            ]
        )
        return cron, rng.choice(["%Y-%m-%d-%H:%M", "%Y%m%d %H:%M", "%y/%m/%dT%H%M%S", "%Y-%j-%H:%M"])
    cron = rng.choice(
        {
            "daily": [
                f"{minute} {hour} * * *",
                f"{minute} {hour} * * {field(0, 6)}",
                f"{minute} {field(0, 23)} * * *",
                f"{minute} {hour} * * 1-5",
            ],
            "weekly": [
                f"{minute} {hour} * * {rng.randint(0, 6)}",
                f"{minute} {hour} {field(1, 28)} * *",
                f"{minute} {hour} * * 2#1",
            ],
            "monthly": [
                f"{minute} {hour} {rng.randint(1, 31)} * *",
                f"{minute} {hour} 1 */3 *",
                f"{minute} {hour} l * *",
            ],
        }[kind]
    )
    forms = ["%Y-%m-%d-%H:%M", "%d.%m.%Y %H:%M", "%Y-%j-%H"]
    return cron, rng.choice(forms + ["%Y-%m-%d"] if "," not in cron.split(" ")[1] else forms)


def random_exclusions(rng, partitions, around):
    """Keys of windows, and cron expressions of the starts of some."""
    minute, hour, *_ = partitions.cron_schedule.split(" ")
    every = f"{minute} {hour}" if minute.isdigit() else "*/5 *"
    crons = [
        f"{every} * * 0,6",
        f"{every} * * {rng.randint(0, 6)}",
        f"{every} 1-7 * *",
        f"{every} {rng.randint(1, 28)} * *",
        f"{every} * {rng.randint(1, 12)} *",
    ]
    if hour == "*":
        crons += [
            f"{minute} {rng.randint(0, 4)} * * *",
            f"{minute} 0-{rng.randint(1, 22)} * * *",
        ]
    with partition_loading_context(effective_dt=around):
        keys = list(partitions.get_partition_keys())
    chosen = rng.sample(keys, min(len(keys), rng.randint(0, 3))) + rng.sample(crons, rng.randint(0, 2))
    rng.shuffle(chosen)
    starts = [one.start for one in itertools.islice(partitions._iterate_time_windows(partitions.start_timestamp), 60)]
    left = [
        start
        for start in starts
        if not any(is_due(cron, start, partitions.timezone) for cron in chosen if cron in crons)
    ]
    return chosen if len(left) > 10 else []  # Dagster would search until the year 10,000


def is_due(cron, moment, zone):
    return next(cron_string_iterator(moment.timestamp(), cron, zone)) == moment


def definition_of(declared):
    kind = declared["kind"]
    if kind == "static":
        return dg.StaticPartitionsDefinition(declared["partitionKeys"])
    if kind == "multi":
        return dg.MultiPartitionsDefinition(
            {name: definition_of(part) for name, part in declared["dimensions"].items()}
        )
    if kind == "time_window":
        start, end = (None if text is None else local_time(text) for text in (declared["start"], declared["end"]))
        common = {
            "fmt": declared["keyFormat"],
            "cron_schedule": declared["cronSchedule"],
            "timezone": declared["timezone"],
        }
        made = dg.TimeWindowPartitionsDefinition(start=start, end=end, end_offset=declared["endOffset"], **common)
        return (
            made
            if not declared["exclude"]
            else dg.TimeWindowPartitionsDefinition(
                start=start,
                end=end,
                end_offset=declared["endOffset"],
                exclusions=exclusions_of(declared, made),
                **common,
            )
        )
    offsets = {
        "minute_offset": declared["minuteOffset"],
        "end_offset": declared["endOffset"],
    }
    if declared["exclude"]:
        offsets["exclusions"] = exclusions_of(declared, definition_of({**declared, "exclude": []}))
    if kind != "hourly":
        offsets["hour_offset"] = declared["hourOffset"]
    if kind in ("weekly", "monthly"):
        offsets["day_offset"] = declared["dayOffset"]
    return CADENCES[kind](
        start_date=declared["start"],
        end_date=declared["end"],
        timezone=declared["timezone"],
        **offsets,
    )


def local_time(text):
    return dt.datetime.strptime(text, "%Y-%m-%d" if len(text) == len("2026-01-31") else "%Y-%m-%d-%H:%M")


def exclusions_of(declared, whole):
    is_cron = lambda text: is_valid_cron_schedule(text) and len(text.split(" ")) == 5
    return [text if is_cron(text) else whole.time_window_for_partition_key(text).start for text in declared["exclude"]]


def windows(rng):
    zone, kind = rng.choice(ZONES), rng.choice(list(CADENCES))
    now = moment_near(rng, zone, DAYS_AROUND[kind])
    declared = random_time(rng, zone, kind, now)
    partitions = definition_of(declared)
    with partition_loading_context(effective_dt=now):
        keys = list(partitions.get_partition_keys())
        found = [partitions.time_window_for_partition_key(key) for key in keys]
        tried = [*strange_keys(rng, keys), *keys[:1]]
        # Dagster takes an hourly key with any minutes, though it lists none of those.
        has = {key: key in keys for key in tried if has_key(partitions, key) == (key in keys)}
    yield {
        "partitions": declared,
        "cronSchedule": partitions.cron_schedule,
        "now": now.isoformat(),
        "windows": [[key, one.start.timestamp(), one.end.timestamp()] for key, one in zip(keys, found)],
        "has": has,
        "offsets": offsets(zone, [at.timestamp() for one in found for at in (one.start, one.end)]),
    }


def has_key(partitions, key):
    try:
        return partitions.has_partition_key(key)
    except CheckError:  # at some skipped times Dagster's own search gives up
        return None


def strange_keys(rng, keys):
    """Keys like those that exist, most of them not there."""
    for key in rng.sample(keys, min(2, len(keys))):
        yield key[:-1] + rng.choice("0123456789")
        yield key[:8] + f"{rng.randint(1, 28):02}" + key[10:]
        yield key[:16] + rng.choice(["-0500", "+0100", "+0200", "-0300", "+1030", ""])
        yield key + rng.choice([" ", "x", "-00:00"])


STATIC = ["a", "b", "c", "d"]


def random_partitions(rng, zone, now):
    kind = rng.choice([*CADENCES, "static", "multi"])
    if kind == "static":
        return {
            "kind": "static",
            "partitionKeys": rng.sample(STATIC, rng.randint(1, 4)),
        }
    if kind == "multi":
        names = rng.sample(["day", "region", "x y", "A", "Ω"], 2)
        return {
            "kind": "multi",
            "dimensions": {name: random_dimension(rng, zone, now) for name in names},
        }
    return random_time(rng, zone, kind, now)


def random_dimension(rng, zone, now):
    declared = random_partitions(rng, zone, now)
    while declared["kind"] in ("multi", "hourly"):
        declared = random_partitions(rng, zone, now)
    return declared


def random_mapping(rng, upstream, downstream):
    kind = rng.choice(
        [
            "default",
            "identity",
            "last",
            "all",
            "specific",
            "static",
            "time_window",
            "time_window",
            "multi_to_single",
        ]
    )
    if upstream["kind"] == downstream["kind"] == "multi" and rng.random() < 0.6:
        return random_dimension_mapping(rng, upstream["dimensions"], downstream["dimensions"])
    if kind == "identity":
        return {"kind": kind}, dg.IdentityPartitionMapping()
    if kind == "last":
        return {"kind": kind}, dg.LastPartitionMapping()
    if kind == "all":
        return {"kind": kind}, dg.AllPartitionMapping()
    if kind == "specific" and upstream["kind"] == "static":
        keys = rng.sample(upstream["partitionKeys"], 1)
        return {
            "kind": kind,
            "partitionKeys": keys,
        }, dg.SpecificPartitionsPartitionMapping(keys)
    if kind == "static" and upstream["kind"] == downstream["kind"] == "static":
        declared = {key: rng.sample(downstream["partitionKeys"], 1) for key in upstream["partitionKeys"]}
        return {
            "kind": kind,
            "downstreamByUpstream": declared,
        }, dg.StaticPartitionMapping(declared)
    if kind == "time_window":
        start, end = rng.choice([(0, 0), (-1, 0), (-6, 0), (-1, -1), (0, 1), (1, 1), (-2, 2), (-3, -2)])
        allow = rng.random() < 0.2
        declared = {
            "kind": kind,
            "startOffset": start,
            "endOffset": end,
            "allowNonexistentUpstreamPartitions": allow,
        }
        return declared, dg.TimeWindowPartitionMapping(start, end, allow_nonexistent_upstream_partitions=allow)
    if kind == "multi_to_single":
        names = [name for one in (upstream, downstream) if one["kind"] == "multi" for name in one["dimensions"]]
        name = rng.choice([None, None, *names])
        return {
            "kind": kind,
            "dimension": name,
        }, dg.MultiToSingleDimensionPartitionMapping(name)
    return {"kind": "default"}, None


def random_dimension_mapping(rng, upstream, downstream):
    declared, mappings = {}, {}
    for name, to in list(zip(upstream, rng.sample(list(downstream), 2)))[: rng.choice([1, 2, 2])]:
        one = {"kind": "default"}
        while one["kind"] in ("default", "multi_to_single"):
            one, mapping = random_mapping(rng, upstream[name], downstream[to])
        declared[name] = {"dimension": to, "mapping": one}
        mappings[name] = dg.DimensionPartitionMapping(to, mapping)
    return {"kind": "multi", "dimensions": declared}, dg.MultiPartitionMapping(mappings)


def validate(mapping, up, down):
    mapping.validate_partition_mapping(up, down)
    if isinstance(mapping, dg.MultiPartitionMapping):  # Dagster checks these when a run starts
        for name, one in mapping.downstream_mappings_by_upstream_dimension.items():
            dimensions = (
                up.get_partitions_def_for_dimension(name),
                down.get_partitions_def_for_dimension(one.dimension_name),
            )
            one.partition_mapping.validate_partition_mapping(*dimensions)


def mappings(rng):
    from dagster._core.definitions.partitions.utils.mapping import (
        infer_partition_mapping,
    )

    zone = rng.choice(["UTC", "Europe/Berlin", rng.choice(ZONES)])
    now = moment_near(rng, zone, 30)
    upstream, downstream = (
        random_partitions(rng, zone, now),
        random_partitions(rng, zone, now),
    )
    if rng.random() < 0.3 and "timezone" in upstream:
        cadence = upstream["kind"] if upstream["kind"] in CADENCES else "daily"
        downstream = {
            **upstream,
            "start": rng.choice([upstream, random_time(rng, zone, cadence, now)])["start"],
        }
    if rng.random() < 0.3 and downstream["kind"] == "multi":
        upstream = rng.choice(list(downstream["dimensions"].values()))
    elif rng.random() < 0.2 or downstream["kind"] == "multi":
        names = rng.sample(["day", "region", "x y", "A", "Ω"], 4)
        parts = [random_dimension(rng, zone, now) for _ in range(3)]
        upstream = {
            "kind": "multi",
            "dimensions": dict(zip(names[:2], [parts[0], rng.choice(parts)])),
        }
        downstream = {
            "kind": "multi",
            "dimensions": dict(zip(names[1:3], [rng.choice(parts), parts[2]])),
        }
    declared, mapping = random_mapping(rng, upstream, downstream)
    case = {
        "mapping": declared,
        "upstream": upstream,
        "downstream": downstream,
        "now": now.isoformat(),
        "timezone": zone,
    }
    case["offsets"] = offsets(zone, [now.timestamp() + day * 86_400 for day in range(-150, 30, 3)])
    up, down = definition_of(upstream), definition_of(downstream)
    mapping = infer_partition_mapping(mapping, down, up)
    try:
        validate(mapping, up, down)
    except Exception:
        yield {**case, "refused": True}
        return
    with partition_loading_context(effective_dt=now):
        keys = list(down.get_partition_keys())
        for key in {rng.choice([keys[0], keys[-1], rng.choice(keys)]) for _ in range(2)} if keys else []:
            subset = down.empty_subset().with_partition_keys([key])
            result = mapping.get_upstream_mapped_partitions_result_for_partitions(subset, down, up)
            existing = list(result.partitions_subset.get_partition_keys())
            missing = result.required_but_nonexistent_subset
            yield {
                **case,
                "key": str(key),
                "keys": [str(one) for one in existing],
                "nonexistent": not missing.is_empty,
            }


def random_field(rng, low, high):
    one = rng.randint(low, high)
    other = rng.randint(one, high)
    return rng.choice(
        [
            "*",
            str(one),
            str(one),
            f"*/{rng.randint(1, 20)}",
            f"{one}/{rng.randint(1, 20)}",
            f"{one}-{other}",
            f"{one},{other}",
        ]
    )


def random_cron(rng):
    return rng.choice(
        [
            f"{rng.randint(0, 59)} {rng.randint(0, 4)} * * *",
            f"{random_field(rng, 0, 59)} * * * *",
            f"{random_field(rng, 0, 59)} {random_field(rng, 0, 4)} * * *",
            f"{rng.randint(0, 59)} {rng.randint(0, 4)} * * {random_field(rng, 0, 6)}",
            f"{rng.randint(0, 59)} {rng.randint(0, 4)} {rng.randint(1, 31)} * *",
            f"{random_field(rng, 0, 59)} {random_field(rng, 0, 23)} {random_field(rng, 1, 28)} {random_field(rng, 1, 12)} {random_field(rng, 0, 6)}",
            rng.choice(
                [
                    "@hourly",
                    "@daily",
                    "@weekly",
                    "@monthly",
                    "@yearly",
                    "0 1 * * mon",
                    "15 2 l * *",
                    "0 2 * * sun#1",
                    "0 0 29 2 *",
                ]
            ),
        ]
    )


def ticks(rng):
    zone, cron = rng.choice(ZONES), random_cron(rng)
    if not is_valid_cron_schedule(cron):
        return
    start = moment_near(rng, zone, 2)
    iterator = cron_string_iterator(start.timestamp(), cron, zone)
    found = [next(iterator).timestamp() for _ in range(12)]
    yield {
        "cron": cron,
        "timezone": zone,
        "start": start.isoformat(),
        "ticks": found,
        "offsets": offsets(zone, found),
    }


def schedules(rng):
    zone = rng.choice(ZONES)
    now = moment_near(rng, zone, 30)
    declared = random_time(rng, zone, rng.choice(list(CADENCES)), now)
    if rng.random() < 0.3:
        dimensions = {
            "day": declared,
            rng.choice(["a", "x"]): {"kind": "static", "partitionKeys": rng.sample(STATIC, 2)},
        }
        declared = {"kind": "multi", "dimensions": dimensions}
    partitions = definition_of(declared)
    options = {"minuteOfHour": (0, 59), "hourOfDay": (0, 23), "dayOfWeek": (0, 6), "dayOfMonth": (1, 28)}
    chosen = {name: rng.randint(*options[name]) for name in rng.sample(list(options), rng.choice([0, 0, 1, 2]))}
    case = {
        "partitions": declared,
        "forPartitions": chosen,
        "now": now.isoformat(),
        "timezone": zone,
        "offsets": offsets(zone, [now.timestamp()]),
    }

    @dg.asset(partitions_def=partitions)
    def one(): ...

    job = dg.define_asset_job("job", [one], partitions_def=partitions)
    names = {
        "minuteOfHour": "minute_of_hour",
        "hourOfDay": "hour_of_day",
        "dayOfWeek": "day_of_week",
        "dayOfMonth": "day_of_month",
    }
    try:
        schedule = dg.build_schedule_from_partitioned_job(job, **{names[name]: value for name, value in chosen.items()})
    except CheckError:
        yield {**case, "refused": True}
        return
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=now)
        with partition_loading_context(effective_dt=now):
            requests = schedule.evaluate_tick(context).run_requests
    yield {**case, "cron": schedule.cron_schedule, "keys": [str(one.partition_key) for one in requests or []]}


def cases(make, rng, size):
    """Cases of one kind, without those where Dagster's own search gives up, at skipped times, or where it asks for a run that it then refuses."""
    found = []
    for _ in range(size):
        try:
            found.extend(make(rng))
        except (CheckError, DagsterUnknownPartitionError):
            continue
    return found


def main(seed, size):
    warnings.simplefilter("ignore")
    rng = random.Random(seed)
    kinds = {"windows": windows, "mappings": mappings, "ticks": ticks, "schedules": schedules}
    print(
        json.dumps(
            {
                "seed": seed,
                **{name: cases(make, rng, size) for name, make in kinds.items()},
            }
        )
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
