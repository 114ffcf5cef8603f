"""Events that are stored in one transaction: the same rows as one by one, and none when it fails."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

import dagster as dg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from dagma.storage.event_transactions import record_in_transactions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POSTGRES = os.environ.get("DAGMA_TEST_POSTGRES")
PARTITIONS = ["a", "b", "c"]

Event: TypeAlias = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation


@pytest.fixture(params=["sqlite", "postgres"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    if request.param == "postgres":
        pytest.importorskip("dagster_postgres", reason="only the environment with the newest Dagster has it")
        if POSTGRES is None:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("DAGMA_TEST_POSTGRES names no database")
        settings = "storage: {postgres: {postgres_url: {env: DAGMA_TEST_POSTGRES}}}\n"
        (tmp_path / "dagster.yaml").write_text(settings, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        instance.get_latest_materialization_event(dg.AssetKey("any"))  # makes the files
        yield instance


def events_of(asset: dg.AssetKey, partition: str) -> list[Event]:
    return [
        dg.AssetCheckEvaluation(asset, "good", passed=partition != "b", metadata={"partition": partition}),
        dg.AssetMaterialization(asset, partition=partition, tags={"dagster/data_version": partition}),
        dg.AssetObservation(asset, partition=partition, metadata={"of": partition}),
    ]


def stored(instance: dg.DagsterInstance, asset: dg.AssetKey) -> object:
    """Everything that Dagster shows of an asset, without what differs from one asset to another."""
    filtered = dg.AssetRecordsFilter(asset)
    materializations = instance.fetch_materializations(filtered, limit=10).records
    (record,) = instance.get_asset_records([asset])
    last = record.asset_entry.last_materialization_record
    check = dg.AssetCheckKey(asset, "good")
    checks = instance.event_log_storage.get_asset_check_execution_history(check, limit=10)
    return {
        "materializations": [one.partition_key for one in materializations],
        "observations": [one.partition_key for one in instance.fetch_observations(filtered, limit=10).records],
        "tags": sorted(
            one["dagster/data_version"] for one in instance.event_log_storage.get_event_tags_for_asset(asset)
        ),
        "last": last is not None and (last.partition_key, last.storage_id == materializations[0].storage_id),
        "checks": [(one.status.value, one.event is not None) for one in checks],
    }


def test_what_is_stored_together_is_what_is_stored_one_by_one(instance: dg.DagsterInstance) -> None:
    one_by_one, together = dg.AssetKey(str(uuid4())), dg.AssetKey(str(uuid4()))
    for partition in PARTITIONS:
        for reported in events_of(one_by_one, partition):
            instance.report_runless_asset_event(reported)
    groups = [events_of(together, partition) for partition in PARTITIONS]
    record_in_transactions(instance, groups, instance.report_runless_asset_event)
    assert stored(instance, together) == stored(instance, one_by_one)
    assert stored(instance, together)["materializations"] == ["c", "b", "a"]  # type: ignore[index]


def test_nothing_is_stored_of_a_group_that_fails(instance: dg.DagsterInstance) -> None:
    asset, before = dg.AssetKey(str(uuid4())), dg.AssetKey(str(uuid4()))
    record_in_transactions(instance, [events_of(before, "a")], instance.report_runless_asset_event)

    def record(reported: Event) -> None:
        instance.report_runless_asset_event(reported)
        if isinstance(reported, dg.AssetObservation):  # the last of a partition
            raise InterruptedError

    with pytest.raises(InterruptedError):
        record_in_transactions(instance, [events_of(asset, partition) for partition in PARTITIONS], record)
    assert not instance.has_asset_key(asset)
    assert instance.fetch_materializations(asset, limit=10).records == []
    check = dg.AssetCheckKey(asset, "good")
    assert instance.event_log_storage.get_asset_check_execution_history(check, limit=10) == []
    record_in_transactions(instance, [events_of(asset, "a")], instance.report_runless_asset_event)
    assert stored(instance, asset) == stored(instance, before)


def test_in_sqlite_a_transaction_writes_the_row_of_an_asset_once(tmp_path: Path) -> None:
    statements: list[str] = []

    def count(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("one"))
        events = [[dg.AssetMaterialization("one", partition=partition)] for partition in PARTITIONS]
        event.listen(Engine, "before_cursor_execute", count)
        try:
            record_in_transactions(instance, events, instance.report_runless_asset_event)
        finally:
            event.remove(Engine, "before_cursor_execute", count)
    assert sum(one.startswith("UPDATE asset_keys") for one in statements) == 1
    assert sum(one.startswith("INSERT INTO event_logs") for one in statements) == 2 * len(PARTITIONS)
