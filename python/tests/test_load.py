"""From a manifest to Dagster definitions."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import dagma
from dagma.defs.load import build_definitions
from dagma.errors import BuildError, DefinitionError, ManifestError, ProjectNotFoundError
from dagma.executor import dagma_executor
from dagma.manifest.parse import parse_manifest
from dagma.project import Project
from tests.conftest import MakeProject, manifest, step
from tests.test_protocol import MANIFEST


@pytest.fixture
def golden(tmp_path: Path) -> dg.Definitions:
    return build_definitions(Project(root=tmp_path, name="golden"), parse_manifest(MANIFEST, "golden"))


def test_golden_manifest_becomes_definitions(golden: dg.Definitions, tmp_path: Path) -> None:
    dg.Definitions.validate_loadable(golden)
    first, second = golden.get_assets_def("raw_numbers"), golden.get_assets_def(["warehouse", "sum_numbers"])
    assert second.op.name == "warehouse__sum_numbers"
    spec, upstream = second.get_asset_spec(dg.AssetKey(["warehouse", "sum_numbers"])), first.get_asset_spec()
    assert [dep.asset_key for dep in spec.deps] == [upstream.key]
    assert (spec.group_name, spec.kinds) == ("data", {"typescript", "duckdb"})
    assert spec.metadata["dagster/uri"] == dg.MetadataValue.url("https://example.com/sum")
    assert upstream.description == "Numbers to start from."
    (place,) = upstream.metadata["dagster/code_references"].code_references
    assert (place.file_path, place.line_number) == (str(tmp_path / "src" / "definitions.ts"), 7)
    assert golden.resolve_job_def("numbers_job").executor_def.name == "in_process"
    assert golden.resolve_job_def("shop_job").executor_def.name == "multiprocess"
    assert first.op.tags["dagster-celery/queue"] == "small"
    schedule = golden.resolve_schedule_def("numbers_daily")
    assert (schedule.job_name, schedule.cron_schedule, schedule.execution_timezone) == (
        "numbers_job",
        "0 2 * * *",
        "UTC",
    )
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def test_config_is_typed(golden: dg.Definitions) -> None:
    job = golden.resolve_job_def("numbers_job")

    def config(value: Any) -> dict[str, Any]:
        return {"ops": {"warehouse__sum_numbers": {"config": value}}}

    assert dg.validate_run_config(job, config({"factor": 2}))
    assert dg.validate_run_config(job, config({}))
    for wrong in ({"factor": "two"}, {"x": 1}):
        with pytest.raises(dg.DagsterInvalidConfigError):
            dg.validate_run_config(job, config(wrong))
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(job, {"ops": {"raw_numbers": {"config": {"factor": 2}}}})


def test_every_metadata_type(tmp_path: Path) -> None:
    column = {
        "name": "a",
        "type": "int",
        "description": None,
        "constraints": {"nullable": False, "unique": True, "other": []},
    }
    values: dict[str, Any] = {
        "text": "x",
        "md": "# x",
        "json": {"a": [1]},
        "url": "https://example.com",
        "path": "/x",
        "notebook": "/x.ipynb",
        "int": 1,
        "float": 1,
        "bool": True,
        "timestamp": 1,
        "null": None,
        "asset": "a/b",
        "dagster_run": "id",
        "table": {"records": [{"a": 1}], "schema": [column]},
        "table_schema": {"columns": [column]},
        "table_column_lineage": {"deps_by_column": {"a": [{"asset_key": "up", "column_name": "b"}]}},
    }
    metadata = {name: {"type": name, "raw_value": value} for name, value in values.items()}
    text = json.dumps(manifest(step("one", metadata=metadata)))
    definitions = build_definitions(Project(root=tmp_path, name="x"), parse_manifest(text, "test"))
    found = definitions.get_assets_def("one").get_asset_spec().metadata
    assert found["asset"] == dg.MetadataValue.asset(dg.AssetKey(["a", "b"]))
    assert found["float"] == dg.MetadataValue.float(1.0)
    assert found["table_schema"].schema.columns[0].constraints == dg.TableColumnConstraints(nullable=False, unique=True)
    assert found["url"] == dg.MetadataValue.url("https://example.com")
    dg.Definitions.validate_loadable(definitions)


def test_load_definitions_runs_the_build(make_project: MakeProject, capfd: pytest.CaptureFixture[str]) -> None:
    definitions = dagma.load_definitions(make_project(step("good")))
    assert definitions.get_assets_def("good").keys == {dg.AssetKey("good")}
    assert "a warning of the build" in capfd.readouterr().err


def test_load_definitions_of_no_project(tmp_path: Path) -> None:
    with pytest.raises(ProjectNotFoundError, match="because load_definitions was given its path"):
        dagma.load_definitions(tmp_path)


def test_merges_with_python_and_another_project(make_project: MakeProject) -> None:
    @dg.asset(deps=["good"])
    def in_python() -> None: ...

    merged = dg.Definitions.merge(
        dagma.load_definitions(make_project(step("good"))),
        dagma.load_definitions(make_project(text=json.dumps(manifest(step("silent")) | {"jobs": []}), folder="other")),
        dg.Definitions(assets=[in_python], executor=dg.multiprocess_executor),
    )
    dg.Definitions.validate_loadable(merged)


def test_module_for_dagster_commands(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project(step("good")))
    monkeypatch.delitem(sys.modules, "dagma.definitions", raising=False)
    module = importlib.import_module("dagma.definitions")
    assert module.defs.executor is dagma_executor


def test_wrong_definitions_show_the_build_message(make_project: MakeProject) -> None:
    root = make_project(step("good"))
    (root / "build-fails").write_text("2 error: DAGMA_DEP_UNKNOWN: asset report needs ordrs")
    with pytest.raises(DefinitionError, match="^DAGMA_DEP_UNKNOWN: asset report needs ordrs$"):
        dagma.load_definitions(root)
    (root / "build-fails").write_text("5 it fell over")
    with pytest.raises(BuildError, match="failed with exit code 5.\nit fell over"):
        dagma.load_definitions(root)


def test_manifest_file_instead_of_node(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = make_project(step("good"))
    monkeypatch.setenv("DAGMA_NODE", "/nowhere")
    monkeypatch.setenv("DAGMA_MANIFEST", str(root / "manifest.json"))
    assert dagma.load_definitions(root).get_assets_def("good")
    monkeypatch.setenv("DAGMA_MANIFEST", str(tmp_path / "gone.json"))
    with pytest.raises(ManifestError, match=r"named by DAGMA_MANIFEST, cannot be read.*dagma build --output"):
        dagma.load_definitions(root)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            '{"manifest_version":2,"dagma_version":"9.0"}',
            r"has manifest_version 2 \(written by dagma '9.0'\); this dagster-dagma reads manifest_version 1",
        ),
        ("{}", "has no manifest_version"),
        ("[]", "has no manifest_version"),
        ("hello\n{}", "is not a manifest: Expecting value.*begins with 'hello"),
        (
            '{"manifest_version":1,"dagma_version":"1","executor":null,"jobs":[],"schedules":[]}',
            "does not match its schema: KeyError: 'steps'",
        ),
        (
            '{"manifest_version":1,"dagma_version":"1","steps":[3],"jobs":[],"schedules":[]}',
            "does not match its schema",
        ),
    ],
)
def test_manifests_that_are_refused(text: str, reason: str) -> None:
    with pytest.raises(ManifestError, match=reason):
        parse_manifest(text, "The manifest")
