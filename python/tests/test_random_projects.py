"""Random projects: what `definitions()` takes loads in Dagster, and so does config that the embedded engine takes."""

from __future__ import annotations

import json
import subprocess
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from dagster._core.definitions.utils import DISALLOWED_NAMES

from dagma.defs.config import config_fields
from dagma.defs.load import build_definitions
from dagma.manifest.parse import parse_manifest
from dagma.project import Project
from tests.conftest import REPOSITORY, find_node
from tests.random_cases import cases

if TYPE_CHECKING:
    from dagma.manifest.types import Manifest

GENERATOR = REPOSITORY / "scripts" / "random" / "projects.ts"
DAGSTER = "newest" if dg.__version__ >= "1.12" else "oldest"


@pytest.fixture(scope="module")
def projects() -> list[dict[str, Any]]:
    count, chance = cases(150)
    drawn = subprocess.run(
        [find_node(), GENERATOR, str(chance.randrange(2**31)), str(count), DAGSTER],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=True,
    )
    return [json.loads(line) for line in drawn.stdout.splitlines()]


def test_a_project_that_is_taken_loads(projects: list[dict[str, Any]]) -> None:
    taken = [parse_manifest(project["manifest"], "it") for project in projects if "manifest" in project]
    assert len(taken) > len(projects) / 5
    refused = [(error, manifest) for manifest in taken if (error := why_not(manifest)) is not None]
    assert refused == []


def why_not(manifest: Manifest) -> str | None:
    """Dagster's message when it rejects a manifest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dg.Definitions.validate_loadable(build_definitions(Project(root=Path("/project"), name="random"), manifest))
        except Exception as error:  # noqa: BLE001
            return f"{type(error).__name__}: {error}"
    return None


def test_config_that_is_taken_is_taken_by_dagster(projects: list[dict[str, Any]]) -> None:
    """The other way round, TypeScript refuses it when the step runs."""
    differences = set()
    for project in projects:
        if "manifest" not in project:
            continue
        schemas = {step.name: step.config_schema for step in parse_manifest(project["manifest"], "it").steps}
        for sample in project["samples"]:
            schema, value = schemas[sample["step"]], sample["value"]
            if sample["accepted"] and schema is not None and not takes(json.dumps(schema), json.dumps(value)):
                differences.add((json.dumps(schema), json.dumps(value)))
    assert differences == set()


@cache
def takes(schema: str, value: str) -> bool:
    """Whether Dagster takes a config for a step with this schema."""
    fields = config_fields(json.loads(schema))
    entered = json.loads(value)
    if fields is None:
        return isinstance(entered, dict)

    @dg.op(config_schema=fields)
    def a() -> None: ...

    @dg.job
    def the_job() -> None:
        a()

    try:
        dg.validate_run_config(the_job, {"ops": {"a": {"config": entered}}})
    except dg.DagsterInvalidConfigError:
        return False
    return True


def test_reserved_names_are_those_of_dagster() -> None:
    module = REPOSITORY / "packages" / "dagma" / "src" / "definitions" / "validation" / "reserved-names.ts"
    script = f"import {{ reservedNames }} from '{module.as_uri()}'; console.log(JSON.stringify([...reservedNames]))"
    printed = subprocess.run([find_node(), "--input-type=module", "--eval", script], capture_output=True, check=True)
    assert set(json.loads(printed.stdout)) == DISALLOWED_NAMES
