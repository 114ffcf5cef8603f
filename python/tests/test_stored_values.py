"""The materializations that a step compares its inputs with."""

from __future__ import annotations

import dagster as dg
import pytest

from dagma.worker.stored_values import find_materializations, stored_of, tags_of


@pytest.mark.parametrize("stored_at", [None, 1764324000000])
def test_tags_say_what_was_stored(stored_at: int | None) -> None:
    stored = {"digest": "9f86d0-81_", "stored_at": stored_at, "host": "worker-1.local"}
    tags = tags_of(stored)
    dg.AssetMaterialization("a", tags=tags)  # Dagster takes them
    assert stored_of(tags) == stored
    dg.AssetMaterialization("a", tags=tags_of({**stored, "host": "Büro 1 " + "x" * 100}))


def test_a_materialization_without_tags_says_nothing() -> None:
    assert stored_of({}) is None
    assert tags_of(None) == {}


def test_those_of_the_run_itself_come_first_then_the_newest() -> None:
    made = iter(range(100))

    def stored() -> dict[str, object]:
        return {"digest": f"d{next(made)}", "stored_at": 1, "host": "h"}

    @dg.asset
    def docs() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(tags=tags_of(stored()))

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b", "c"]))
    def daily() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(tags=tags_of(stored()))

    with dg.DagsterInstance.ephemeral() as instance:
        runs = [dg.materialize([docs], instance=instance).run_id for _ in range(3)]
        for key in "aab":
            runs.append(dg.materialize([daily], instance=instance, partition_key=key).run_id)

        def found(run: int, key: str, *partitions: str | None) -> dict[str | None, str]:
            records = find_materializations(instance, runs[run], key, partitions)
            return {one["partition_key"]: one["stored"]["digest"] for one in records}

        assert found(1, "docs", None) == {None: "d1"}
        assert found(5, "docs", None) == {None: "d2"}
        assert found(0, "daily", "a", "b", "c") == {"a": "d4", "b": "d5"}
        assert found(3, "daily", "a") == {"a": "d3"}
        assert find_materializations(instance, "", "never", [None]) == []
