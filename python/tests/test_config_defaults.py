"""Random schemas of config with defaults: what Dagster enters for fields that are left out is what TypeScript would."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._config import process_config

from dagma.defs.config import config_fields
from tests.conftest import REPOSITORY, find_node
from tests.random_cases import cases

if TYPE_CHECKING:
    from collections.abc import Iterator

GENERATOR = REPOSITORY / "scripts" / "random" / "config-defaults.ts"


def defaults_in(fields: dict[str, dg.Field]) -> Iterator[str]:
    """All defaults of fields, as Dagster prints them."""
    for field in fields.values():
        if field.default_provided:
            yield field.default_value_as_json_str
        yield from defaults_in(getattr(field.config_type, "fields", {}))


def test_defaults_in_dagster_are_those_of_typescript() -> None:
    count, chance = cases(300)
    command = [find_node(), str(GENERATOR), str(chance.randrange(2**31)), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as node:
        assert node.stdin is not None
        assert node.stdout is not None
        drawn = [json.loads(line) for line in iter(node.stdout.readline, "\n")]
        filled: list[tuple[Any, ...]] = []
        shown = 0
        for number, case in enumerate(drawn):
            fields = config_fields(case["schema"])
            assert fields is not None
            defaults = list(defaults_in(fields))
            shown += len(defaults)
            assert not [default for default in defaults if "sk-4f9a8b7c6d5e4f3a" in default]
            for entered in case["entered"]:
                made = process_config(dg.Shape(fields), entered)  # type: ignore[no-untyped-call]
                assert made.success, (case["schema"], entered, made.errors)
                filled.append((number, entered, made.value))
        different = []
        for one in filled:
            print(json.dumps(one), file=node.stdin, flush=True)
            if node.stdout.readline() != "true\n":
                different.append((drawn[one[0]]["schema"], *one[1:]))
        node.stdin.close()
    assert different == []
    assert shown > count / 4
    assert len([one for one in filled if one[1] != one[2]]) > count / 4
