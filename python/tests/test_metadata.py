"""Metadata that Dagma takes is read by Dagster, as Pipes and as the manifest brings it, and survives its event log."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.metadata.external_metadata import metadata_value_from_external
from dagster._serdes import deserialize_value, serialize_value

from dagma.metadata import metadata_from_wire
from tests.conftest import REPOSITORY, find_node
from tests.random_cases import cases


@pytest.fixture(scope="module")
def drawn() -> list[dict[str, Any]]:
    count, chance = cases(500)
    generator = REPOSITORY / "scripts" / "random" / "metadata.ts"
    lines = subprocess.run(
        [find_node(), generator, str(chance.randrange(2**31)), str(count)],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=True,
    ).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_metadata_that_is_taken_is_read(drawn: list[dict[str, Any]]) -> None:
    assert {"table", "table_schema", "table_column_lineage", "json"} <= {one["key"]["type"] for one in drawn if one}
    for wire in drawn:
        ours = metadata_from_wire(wire)
        theirs = {key: metadata_value_from_external(value["raw_value"], value["type"]) for key, value in wire.items()}
        assert ours == theirs, wire
        event = dg.AssetMaterialization("a", metadata=theirs)
        assert deserialize_value(serialize_value(event), dg.AssetMaterialization).metadata == theirs


def test_the_deepest_metadata_is_read_far_down_the_stack() -> None:
    """Steps run below some hundred calls of Dagster's own."""
    deepest: Any = 1
    for _ in range(100):
        deepest = [deepest]

    def below(calls: int) -> str:
        if calls > 0:
            return below(calls - 1)
        value = dg.MetadataValue.json(json.loads(json.dumps(deepest)))
        return serialize_value(dg.AssetMaterialization("a", metadata={"deep": value}))

    assert deserialize_value(below(300), dg.AssetMaterialization).metadata["deep"].value == deepest
