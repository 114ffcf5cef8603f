"""Names, owners, tags and the like: what Dagster refuses, `definitions()` refuses, and little else."""

from __future__ import annotations

import json
import subprocess
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from dagma.defs.load import build_definitions
from dagma.manifest.parse import parse_manifest
from dagma.project import Project
from tests.conftest import REPOSITORY, asset, find_node, manifest, step
from tests.random_cases import cases

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = ["config", "class", "None", "type", "__ASSET_JOB", "__anonymous_asset_job_x", "team:", "team:a", "@b.co", "a@b"]
PIECES = [*"aAz019__--..//  @:é\n\t|+%'\"", "x" * 63, "dagster/", "dagster/kind/", *WORDS]


PLACES = [
    *["owner", "tag", "tag value", "kind", "group", "pool", "key", "key part", "external key", "multi-asset"],
    *["check", "inline check", "job", "schedule", "sensor"],
]

NARROWER: dict[str, Callable[[str], bool]] = {
    "tag": lambda text: text.startswith("dagster/kind/"),  # the first are `kinds`
    "kind": lambda _: True,  # Dagster takes any text and cannot show or select most of it
    "group": lambda text: "/" in text,  # "/" not before Dagster 1.13
    "pool": lambda _: True,
    "key": lambda _: (
        True
    ),  # parts of a key are letters, digits, "_", "-" and ".": they are paths and file names as well
    "key part": lambda _: True,
    "external key": lambda _: True,
    "check": lambda _: True,  # a check's name is a part of names in Dagster, and of its step's here
    "inline check": lambda _: True,
    "multi-asset": lambda text: text == "",  # Dagster makes its own name
    "job": lambda text: text.startswith(("__ASSET_JOB", "__anonymous_asset_job")),  # Dagster's own jobs would be hidden
    "schedule": lambda text: text in ("", "__ASSET_JOB"),
    "sensor": lambda text: text in ("", "__ASSET_JOB"),
}
"""Where `definitions()` refuses more than Dagster, and which texts."""

Change = dict[str, Any]


def _manifest(place: str, text: str) -> Change:
    """A project with the text at one place, as TypeScript writes it, without its checks."""
    one_check = {"asset": ["a"], "name": text, "description": None, "blocking": False}
    fields: dict[str, Change] = {
        "owner": {"owners": [text]},
        "tag": {"tags": {text: ""}},
        "tag value": {"tags": {"a": text}},
        "kind": {"kinds": ["typescript", text]},
        "group": {"group": text},
        "pool": {"pool": text},
        "inline check": {"checks": [one_check]},
    }
    if place in fields:
        return manifest(step("a", **fields[place]))
    if place == "key":
        return manifest({**step(_identifier(text)), "assets": [asset([text])]})
    if place == "key part":
        return manifest({**step(f"a__{_identifier(text)}"), "assets": [asset(["a", text])]})
    if place == "external key":
        return {**manifest(step("a", deps=[[text]])), "external_assets": [asset([text])]}
    if place == "multi-asset":
        return manifest({**step(text), "assets": [asset(["b"])]})
    made = manifest(step("base_asset"))
    if place == "check":
        check = {**step(f"base_asset_{text}", kind="check"), "assets": []}
        made["steps"].append({**check, "checks": [{**one_check, "asset": ["base_asset"]}]})
    if place == "job":
        made["jobs"][0]["name"] = text
    if place == "schedule":
        schedule = {"name": text, "description": None, "job_name": "job", "cron_schedule": "@daily"}
        state = {"execution_timezone": "UTC", "default_status": "STOPPED", "has_evaluation": False}
        made["schedules"] = [{**schedule, **state}]
    if place == "sensor":
        sensor = {"name": text, "description": None, "job_names": ["job"], "minimum_interval_seconds": 30}
        made["sensors"] = [{**sensor, "default_status": "STOPPED", "dynamic_partitions": []}]
    return made


def _identifier(text: str) -> str:
    return text.replace("-", "_").replace(".", "_")


def dagster_takes(place: str, text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = parse_manifest(json.dumps(_manifest(place, text)), "it")
            dg.Definitions.validate_loadable(build_definitions(Project(root=Path("/p"), name="p"), parsed))
        except Exception:  # noqa: BLE001
            return False
    return True


@pytest.mark.skipif(dg.__version__ < "1.12", reason="Dagster 1.11 takes less: see docs/hosting.md")
def test_what_dagster_refuses_is_refused() -> None:
    count, chance = cases(900)
    texts = [*WORDS, *("".join(chance.choices(PIECES, k=chance.randint(0, 4))) for _ in range(count))]
    pairs = [
        (place, text)
        for place, text in zip(chance.choices(PLACES, k=count), chance.choices(texts, k=count), strict=True)
    ]
    answered = subprocess.run(
        [find_node(), REPOSITORY / "scripts" / "random" / "texts.ts"],
        input=json.dumps(pairs),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=True,
    )
    taken = json.loads(answered.stdout)
    wrong = []
    for (place, text), ours in zip(pairs, taken, strict=True):
        theirs = dagster_takes(place, text)
        if ours and not theirs:
            wrong.append(("Dagster refuses", place, text))
        is_narrower = text.endswith("\n") or (
            place in NARROWER and NARROWER[place](text)
        )  # `$` of Python takes a newline
        if theirs and not ours and not is_narrower:
            wrong.append(("Dagster takes", place, text))
    assert wrong == [], wrong
