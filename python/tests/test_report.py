"""Reporting events of the embedded engine to an instance: typed, once, and completed after a report was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import jsonschema
import pytest

import dagma
from dagma import _compat
from dagma import report as reporting
from tests.conftest import REPOSITORY

PROTOCOL = REPOSITORY / "protocol"
GOLDEN = json.loads((PROTOCOL / "golden" / "report.json").read_text())
REVENUE = dg.AssetKey(["shop", "revenue"])


def materializations(instance: dg.DagsterInstance, key: dg.AssetKey) -> list[dg.AssetMaterialization]:
    records = instance.fetch_materializations(key, limit=1000).records
    return [found for record in records if (found := record.asset_materialization) is not None]


def evaluations(instance: dg.DagsterInstance, check: str) -> list[dg.AssetCheckEvaluation]:
    return list(_compat.check_evaluations(instance, REVENUE, check))


def test_golden_request_keeps_to_the_schema() -> None:
    schema = json.loads((PROTOCOL / "report.schema.json").read_text())
    jsonschema.validate(GOLDEN, schema)
    jsonschema.validate({"reported": ["r:1"]}, schema)


def test_every_metadata_type_arrives_as_what_it_is(instance: dg.DagsterInstance) -> None:
    assert reporting.report(instance, GOLDEN) == [event["id"] for event in GOLDEN["events"]]
    (revenue,) = materializations(instance, REVENUE)
    sent = GOLDEN["events"][0]["metadata"]
    assert {name: type(value) for name, value in revenue.metadata.items()} == {
        "text": dg.TextMetadataValue,
        "md": dg.MarkdownMetadataValue,
        "json": dg.JsonMetadataValue,
        "url": dg.UrlMetadataValue,
        "path": dg.PathMetadataValue,
        "notebook": dg.NotebookMetadataValue,
        "int": dg.IntMetadataValue,
        "float": dg.FloatMetadataValue,
        "whole_float": dg.FloatMetadataValue,
        "bool": dg.BoolMetadataValue,
        "timestamp": dg.TimestampMetadataValue,
        "null": type(dg.MetadataValue.null()),
        "asset": dg.DagsterAssetMetadataValue,
        "dagster_run": dg.DagsterRunMetadataValue,
        "table": dg.TableMetadataValue,
        "table_schema": dg.TableSchemaMetadataValue,
        "table_column_lineage": dg.TableColumnLineageMetadataValue,
        "dagma/run_id": dg.TextMetadataValue,
        "dagma/event_id": dg.TextMetadataValue,
        "dagma/time": dg.TimestampMetadataValue,
    }
    plain = ("text", "md", "json", "url", "path", "int", "float", "bool", "timestamp", "null", "dagma/time")
    assert {name: revenue.metadata[name].value for name in plain} == {name: sent[name]["raw_value"] for name in plain}
    table = revenue.metadata["table"]
    assert isinstance(table, dg.TableMetadataValue)
    assert list(table.records) == [dg.TableRecord({"day": "2026-01-01", "euros": 20})]
    assert revenue.tags == {"dagster/data_version": "v1", "dagster/data_version_is_user_provided": "true"}


def test_partitions_observations_and_checks(instance: dg.DagsterInstance) -> None:
    reporting.report(instance, GOLDEN)
    (daily,) = materializations(instance, dg.AssetKey("daily"))
    assert (daily.partition, daily.tags) == ("2026-01-01", {})
    assert instance.get_materialized_partitions(dg.AssetKey("daily")) == {"2026-01-01"}

    (record,) = instance.fetch_observations(dg.AssetKey("feed"), limit=9).records
    assert record.asset_observation is not None
    assert record.asset_observation.metadata["rows"].value == 9
    assert record.asset_observation.tags["dagster/data_version"] == "7"

    (positive,), (fresh,) = evaluations(instance, "positive"), evaluations(instance, "fresh")
    assert (positive.passed, positive.severity, positive.blocking) == (True, dg.AssetCheckSeverity.ERROR, True)
    assert (fresh.passed, fresh.severity, fresh.blocking) == (False, dg.AssetCheckSeverity.WARN, False)
    assert (fresh.description, fresh.metadata["days"].value) == ("It is two days old.", 2)


def test_a_second_report_adds_nothing(instance: dg.DagsterInstance) -> None:
    reporting.report(instance, GOLDEN)
    assert reporting.report(instance, GOLDEN) == []
    assert len(materializations(instance, REVENUE)) == 1
    assert len(evaluations(instance, "fresh")) == 1
    assert len(instance.fetch_observations(dg.AssetKey("feed"), limit=9).records) == 1


def test_what_is_there_is_found_page_by_page(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "_PAGE", 2)
    monkeypatch.setattr(_compat, "_CHECK_PAGE", 2)
    kinds = [GOLDEN["events"][number] for number in (0, 2, 4)]
    many = [renamed(event, f"r:{number}") for event in kinds for number in range(5)]
    assert len(reporting.report(instance, {**GOLDEN, "events": many})) == 15
    assert reporting.report(instance, {**GOLDEN, "events": many}) == []


def test_a_second_report_adds_nothing_however_far_the_clocks_are_apart(instance: dg.DagsterInstance) -> None:
    ahead = {"type": "timestamp", "raw_value": 4e9}
    events = [{**event, "metadata": {**event["metadata"], "dagma/time": ahead}} for event in GOLDEN["events"]]
    # Versions before this one sent the start of the run, by its own clock, as the time to look back to.
    request = {"events": events, "since": 4e9}
    assert len(reporting.report(instance, request)) == len(events)
    assert reporting.report(instance, request) == []


def renamed(event: dict[str, Any], id_: str) -> dict[str, Any]:
    metadata = {**event["metadata"], reporting.EVENT_ID: {"type": "text", "raw_value": id_}}
    return {**event, "id": id_, "metadata": metadata}


def test_events_of_others_are_no_hindrance(instance: dg.DagsterInstance) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(REVENUE, metadata={"text": "of another"}))
    assert len(reporting.report(instance, GOLDEN)) == len(GOLDEN["events"])


def test_an_event_that_is_refused_is_named_and_the_rest_comes_later(instance: dg.DagsterInstance) -> None:
    wrong = {**GOLDEN["events"][2], "severity": "LOUD"}
    request = {**GOLDEN, "events": [GOLDEN["events"][0], wrong, GOLDEN["events"][3]]}
    with pytest.raises(reporting.EventError, match="the check of shop/revenue: ValueError: 'LOUD' is not"):
        reporting.report(instance, request)
    assert len(reporting.report(instance, GOLDEN)) == len(GOLDEN["events"]) - 1


class Reporter:
    """`python -m dagma.report` as a process."""

    def __init__(self, folder: Path, before: str = "") -> None:
        self.home, self.lock = folder / "home", folder / "report.lock"
        self.home.mkdir(exist_ok=True)
        code = f"import sys\n{before}\nfrom dagma.report import main\nsys.exit(main(sys.argv[1:]))"
        self.command = [sys.executable, "-c", code, str(self.lock)]

    def run(self, request: Any, **environment: str) -> subprocess.CompletedProcess[str]:
        source = str(Path(dagma.__file__).parents[1])
        env = {**os.environ, "PYTHONPATH": source, "DAGSTER_HOME": str(self.home), **environment}
        return subprocess.run(
            self.command, input=json.dumps(request), capture_output=True, text=True, env=env, check=False
        )


KILLED_AT_THE_FOURTH = """
import os, signal
import dagster as dg
report, seen = dg.DagsterInstance.report_runless_asset_event, []
def counted(self, event):
    seen.append(event)
    if len(seen) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    report(self, event)
dg.DagsterInstance.report_runless_asset_event = counted
"""


def test_a_killed_report_is_completed_by_the_next(tmp_path: Path) -> None:
    killed = Reporter(tmp_path, KILLED_AT_THE_FOURTH).run(GOLDEN)
    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, "")
    completed = Reporter(tmp_path).run(GOLDEN)
    ids = [event["id"] for event in GOLDEN["events"]]
    assert json.loads(completed.stdout) == {"reported": ids[3:]}, completed.stderr
    assert json.loads(Reporter(tmp_path).run(GOLDEN).stdout) == {"reported": []}


def test_two_at_once_report_once(tmp_path: Path) -> None:
    one = Reporter(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: one.run(GOLDEN), range(2)))
    counts = [len(json.loads(each.stdout)["reported"]) for each in done]
    assert sorted(counts) == [0, len(GOLDEN["events"])]


def test_what_is_wrong_with_the_instance_is_said_in_short(tmp_path: Path) -> None:
    failed = Reporter(tmp_path).run(GOLDEN, DAGSTER_HOME=str(tmp_path / "nowhere"))
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "nowhere" in failed.stderr
    assert "Traceback" not in failed.stderr
