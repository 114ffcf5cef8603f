"""One run for many partitions, with the real TypeScript worker: each is recorded as in a run of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

import dagma
from dagma.launch.open_databases import databases_kept_open
from tests.conftest import needs_package, typescript_project

pytestmark = needs_package

DEFINITIONS = """
import { existsSync, rmSync } from 'node:fs'
import * as d from 'dagma'
const days = d.dailyPartitions({ start: '2026-11-01', end: '2026-11-11' })
const several = { partitions: days, backfillPolicy: 'single-run' }
const raw = d.asset({
  key: 'raw', ...several, codeVersion: '3', checks: { early: {} },
  run: ({ partitionKey, log }) => {
    log.info('reads')
    const checks = { early: { passed: partitionKey < '2026-11-03', severity: 'WARN', metadata: { key: partitionKey } } }
    return d.materializeResult([partitionKey], { metadata: { key: partitionKey }, checks })
  },
})
const sum = d.asset({
  key: 'shop/sum', ...several, inputs: { raw }, partitionConcurrency: 3,
  run: ({ inputs, partitionKey }) =>
    d.materializeResult(1, { metadata: { from: inputs.raw[0] ?? '' }, dataVersion: `v${partitionKey}` }),
})
const broken = d.asset({
  key: 'broken', ...several, retryPolicy: d.retryPolicy({ maxRetries: 1, delaySeconds: 0.01 }),
  run: ({ partitionKey, retryNumber }) => {
    if (partitionKey === '2026-11-02' && retryNumber === 0) throw new RangeError('not yet')
    if (existsSync('broken') && partitionKey === '2026-11-04') throw new Error('no such table')
    return d.materializeResult(1, { metadata: { attempt: retryNumber } })
  },
})
const after = d.asset({ key: 'after', ...several, deps: [broken], run: () => 1 })
const guarded = d.asset({
  key: 'guarded', ...several, checks: { good: { blocking: true } },
  run: ({ partitionKey }) => {
    const passed = !existsSync('broken') || partitionKey !== '2026-11-03'
    return d.materializeResult(1, { checks: { good: { passed } } })
  },
})
const whole = d.asset({
  key: 'whole', ...several, range: true, inputs: { raw },
  run: ({ partitionKeysInRange, partitionTimeWindow, inputs }) => Object.fromEntries(partitionKeysInRange.map((key) => [
    key,
    d.materializeResult(inputs.raw[key], {
      metadata: { days: (partitionTimeWindow.end - partitionTimeWindow.start) / 86400000 },
    }),
  ])),
})
const some = d.asset({ key: 'some', partitions: days, backfillPolicy: { maxPartitionsPerRun: 4 }, run: () => 1 })
const one = d.asset({ key: 'one', partitions: days, run: () => 1 })
const cells = d.multiPartitions({ day: days, shop: d.staticPartitions(['berlin', 'paris']) })
const grid = d.asset({
  key: 'grid', partitions: cells, backfillPolicy: 'single-run',
  run: ({ partitionKeys }) => d.materializeResult(1, { metadata: partitionKeys }),
})
const parts = d.multiAsset({
  name: 'parts', canSubset: true, backfillPolicy: 'single-run',
  assets: { left: { partitions: days }, right: { partitions: days } },
  run: ({ partitionKey, selected }) => Object.fromEntries([...selected].map((name) => [name, partitionKey])),
})
const odd = d.assetCheck({
  asset: raw, name: 'odd', run: async ({ load }) => ({ passed: (await load())[0] !== '2026-11-02' }),
})
const dynamic = d.asset({
  key: 'dynamic', ...several,
  run: ({ partitionKey, addDynamicPartitions }) => addDynamicPartitions('names', [`of ${partitionKey}`]),
})
const chatty = d.asset({
  key: 'chatty', backfillPolicy: 'single-run',
  partitions: d.staticPartitions(Array.from({ length: 300 }, (_, n) => `k${n}`)),
  run: ({ log }) => log.info('is at work'),
})
export default d.definitions({
  assets: [chatty, raw, sum, broken, after, guarded, whole, some, one, grid, parts, dynamic],
  checks: [odd],
  jobs: [d.job({ name: 'days', selection: [raw, sum] }), d.job({ name: 'breaks', selection: [broken, after] })],
})
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return typescript_project(tmp_path_factory.mktemp("ranges") / "project", DEFINITIONS)


@pytest.fixture(autouse=True)
def kept_open() -> Iterator[None]:
    """As in the process of a run."""
    with databases_kept_open():
        yield


@pytest.fixture
def definitions(project: Path) -> dg.Definitions:
    return dagma.load_definitions(project)


def run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, *keys: str, to: str = "2026-11-05", **changes: Any
) -> dg.ExecuteInProcessResult:
    """Runs assets for a range of partitions, as a backfill in one run does."""
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
        tags={
            "dagster/asset_partition_range_start": changes.get("start", "2026-11-01"),
            "dagster/asset_partition_range_end": to,
        },
        raise_on_error=False,
    )


def made(instance: dg.DagsterInstance, key: str) -> dict[str, dg.AssetMaterialization]:
    """All materializations of an asset by partition; each has one."""
    records = instance.fetch_materializations(dg.AssetKey(key.split("/")), limit=1000).records
    found = [record.asset_materialization for record in records]
    by_partition = {event.partition: event for event in found if event is not None and event.partition is not None}
    assert len(by_partition) == len(found)
    return by_partition


DAYS = [f"2026-11-0{day}" for day in range(1, 6)]


def test_each_partition_has_its_own_event(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    result = run(definitions, instance, "raw", "shop/sum")
    assert result.success
    raw, total = made(instance, "raw"), made(instance, "shop/sum")
    assert sorted(raw) == sorted(total) == DAYS
    assert {key: event.metadata["key"].value for key, event in raw.items()} == {key: key for key in DAYS}
    assert {key: event.metadata["from"].value for key, event in total.items()} == {key: key for key in DAYS}
    assert all("latency_ms" in event.metadata for event in raw.values())
    tags = raw["2026-11-04"].tags or {}
    assert tags["dagster/code_version"] == "3"
    assert tags["dagster/data_version"]
    assert "dagster/data_version_is_user_provided" not in tags
    versions = {key: (event.tags or {})["dagster/data_version"] for key, event in total.items()}
    assert versions == {key: f"v{key}" for key in DAYS}
    # The same as in a run of that partition alone.
    job = definitions.resolve_implicit_global_asset_job_def()
    job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("raw")], partition_key="2026-11-09")
    alone = made(instance, "raw")["2026-11-09"]
    assert alone.metadata.keys() == raw["2026-11-04"].metadata.keys()
    assert (alone.tags or {}).keys() == tags.keys()


def test_log_lines_name_their_partition(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    result = run(definitions, instance, "raw", to="2026-11-02")
    lines = [entry.user_message for entry in instance.all_logs(result.run_id) if "reads" in entry.user_message]
    assert sorted(lines) == ["[2026-11-01] reads", "[2026-11-02] reads"]


def test_partitions_are_recorded_together_while_their_steps_log(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    result = run(definitions, instance, "chatty", start="k0", to="k299")
    assert result.success
    assert len(made(instance, "chatty")) == 300
    events = [entry.dagster_event for entry in instance.all_logs(result.run_id) if entry.dagster_event]
    assert sum(event.is_step_materialization for event in events) == 300
    lines = [entry.user_message for entry in instance.all_logs(result.run_id) if "is at work" in entry.user_message]
    assert len(set(lines)) == 300


def evaluations(result: dg.ExecuteInProcessResult, name: str) -> list[dg.AssetCheckEvaluation]:
    return [one for one in result.get_asset_check_evaluations() if one.check_name == name]


@pytest.mark.parametrize("name", ["early", "odd"])
def test_checks_are_evaluated_for_each_partition_and_summed_up(
    definitions: dg.Definitions, instance: dg.DagsterInstance, name: str
) -> None:
    result = run(definitions, instance, "raw")
    assert result.success
    *each, whole = evaluations(result, name)
    assert len(each) == 5
    failed = DAYS[2:] if name == "early" else ["2026-11-02"]
    if hasattr(whole, "partition"):
        assert sorted(str(one.partition) for one in each if not one.passed) == failed
        assert whole.partition is None
    assert not whole.passed
    assert whole.severity == (dg.AssetCheckSeverity.WARN if name == "early" else dg.AssetCheckSeverity.ERROR)
    assert whole.description == f"{5 - len(failed)} of 5 partitions passed."
    assert whole.metadata["failed_partitions"].value == failed


def test_a_partition_that_fails_stops_no_other_and_a_retry_makes_what_is_missing(
    definitions: dg.Definitions, instance: dg.DagsterInstance, project: Path
) -> None:
    (project / "broken").touch()
    result = run(definitions, instance, "broken", "after")
    assert not result.success
    attempts = {key: event.metadata["attempt"].value for key, event in made(instance, "broken").items()}
    assert attempts == {"2026-11-01": 0, "2026-11-02": 1, "2026-11-03": 0, "2026-11-05": 0}
    (failure,) = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    assert "failed for 1 of 2 partitions: 2026-11-04" in str(failure.step_failure_data.error_display_string)
    assert "no such table" in str(failure.step_failure_data.error_display_string)
    assert not [event for event in result.all_events if event.step_key == "after" and event.is_step_start]
    lines = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert any(line.startswith("[2026-11-04]") and "no such table" in line for line in lines)


def test_a_re_execution_from_failure_makes_what_is_missing(
    definitions: dg.Definitions, instance: dg.DagsterInstance, project: Path
) -> None:
    (project / "broken").touch()
    job = definitions.resolve_job_def("breaks")
    tags = {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[-1]}
    first = job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    (project / "broken").unlink()
    assert not first.success

    def go_on(parent: str, **more: str) -> None:
        run = instance.create_run_for_job(
            job,
            tags={**tags, **more},
            parent_run_id=parent,
            root_run_id=first.run_id,
            status=dg.DagsterRunStatus.NOT_STARTED,
        )
        assert execute_run(InMemoryJob(job), run, instance).success

    go_on(first.run_id, **{"dagster/is_resume_retry": "true"})
    assert sorted(made(instance, "broken")) == sorted(made(instance, "after")) == DAYS
    go_on(first.run_id)  # of all steps: everything is made again
    assert len(instance.fetch_materializations(dg.AssetKey("broken"), limit=100).records) == 10


def test_a_re_execution_with_nothing_left_to_make_succeeds(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    job = definitions.resolve_job_def("days")
    tags = {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[-1]}
    first = job.execute_in_process(instance=instance, tags=tags)
    again = instance.create_run_for_job(
        job, tags={**tags, "dagster/is_resume_retry": "true"}, parent_run_id=first.run_id, root_run_id=first.run_id
    )
    assert execute_run(InMemoryJob(job), again, instance).success
    assert sorted(made(instance, "raw")) == DAYS


def test_a_partition_whose_blocking_check_failed_is_made_again(
    definitions: dg.Definitions, instance: dg.DagsterInstance, project: Path
) -> None:
    (project / "broken").touch()
    result = run(definitions, instance, "guarded")
    (project / "broken").unlink()
    assert not result.success
    assert sorted(made(instance, "guarded")) == DAYS
    assert (made(instance, "guarded")["2026-11-03"].tags or {})["dagma/failed"] == "true"
    assert "dagma/failed" not in (made(instance, "guarded")["2026-11-02"].tags or {})


def test_a_function_takes_the_whole_range(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    assert run(definitions, instance, "raw", "whole").success
    assert {key: event.metadata["days"].value for key, event in made(instance, "whole").items()} == dict.fromkeys(
        DAYS, 5
    )


def test_multi_partitions(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    assert run(definitions, instance, "grid", start="2026-11-01|berlin", to="2026-11-02|paris").success
    events = made(instance, "grid")
    assert sorted(events) == [f"{day}|{shop}" for day in DAYS[:2] for shop in ("berlin", "paris")]
    assert events["2026-11-02|paris"].metadata["shop"].value == "paris"
    assert (events["2026-11-02|paris"].tags or {})["dagster/partition/shop"] == "paris"


def test_a_multi_asset_makes_what_is_selected(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    assert run(definitions, instance, "left", "right").success
    assert sorted(made(instance, "left")) == sorted(made(instance, "right")) == DAYS
    assert run(definitions, instance, "right", start="2026-11-06", to="2026-11-07").success
    assert (len(made(instance, "left")), len(made(instance, "right"))) == (5, 7)


def test_dynamic_partitions_are_added(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    assert run(definitions, instance, "dynamic").success
    assert sorted(instance.get_dynamic_partitions("names")) == [f"of {key}" for key in DAYS]


def test_policies_are_dagsters(definitions: dg.Definitions) -> None:
    def policy(key: str) -> dg.BackfillPolicy | None:
        return definitions.resolve_asset_graph().get(dg.AssetKey(key)).backfill_policy

    assert policy("raw") == dg.BackfillPolicy.single_run()
    assert policy("some") == dg.BackfillPolicy.multi_run(4)
    assert policy("one") in (None, dg.BackfillPolicy.multi_run(1))
