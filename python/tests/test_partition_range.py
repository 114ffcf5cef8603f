"""One run for many partitions, with the real TypeScript worker: each is recorded as in its own run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

import dagma
from dagma.storage.open_databases import databases_kept_open
from dagma.worker._compat import partition_of_check
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
const again = d.retryPolicy({ maxRetries: 1, delaySeconds: 0.01 })
const refuses = (key, retryNumber) => {
  if (existsSync('broken') && (key === '2026-11-04' || retryNumber === 0) && key !== '2026-11-01') throw new Error('no')
}
const uneven = d.asset({
  key: 'uneven', ...several, partitionConcurrency: 1, retryPolicy: again, checks: { late: {} },
  run: ({ partitionKey, retryNumber }) => {
    refuses(partitionKey, retryNumber)
    return d.materializeResult(1, { checks: { late: { passed: partitionKey !== '2026-11-01' } } })
  },
})
const feed = d.observableAsset({
  key: 'feed', partitions: days, retryPolicy: again,
  run: ({ partitionKey, retryNumber }) => {
    refuses(partitionKey, retryNumber)
    return { metadata: { key: partitionKey } }
  },
})
const slow = d.assetCheck({
  asset: uneven, name: 'slow', retryPolicy: again,
  run: ({ partitionKey, retryNumber }) => {
    refuses(partitionKey, retryNumber)
    return { passed: partitionKey !== '2026-11-01' }
  },
})
export default d.definitions({
  assets: [uneven, feed, chatty, raw, sum, broken, after, guarded, whole, some, one, grid, parts, dynamic],
  checks: [odd, slow],
  jobs: [
    d.job({ name: 'uneven_job', selection: [uneven] }),
    d.job({ name: 'days', selection: [raw, sum] }), d.job({ name: 'breaks', selection: [broken, after] })],
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
RANGE = {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[-1]}


def re_executed(
    job: dg.JobDefinition, instance: dg.DagsterInstance, parent: str, *, resume: bool = True
) -> dg.JobExecutionResult:
    """A run for the same range after its parent: from its failure on, or of all steps."""
    again = instance.create_run_for_job(
        job,
        tags={**RANGE, **({"dagster/is_resume_retry": "true"} if resume else {})},
        parent_run_id=parent,
        root_run_id=parent,
        status=dg.DagsterRunStatus.NOT_STARTED,
    )
    return execute_run(InMemoryJob(job), again, instance)


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
    assert (tags["dagma/status"], "status" in raw["2026-11-04"].metadata) == ("success", False)
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


def test_the_log_says_how_many_partitions_are_recorded(
    definitions: dg.Definitions, instance: dg.DagsterInstance, project: Path
) -> None:
    (project / "broken").touch()
    result = run(definitions, instance, "uneven")
    events = [entry.dagster_event for entry in instance.all_logs(result.run_id) if entry.dagster_event is not None]
    made = [event for event in events if event.is_step_materialization]
    lines = [f"{event.message} ({event.partition})" for event in made]
    assert lines == [
        "[1/5] Materialized value uneven. (2026-11-01)",
        "[1/4] Materialized value uneven. (2026-11-02)",
        "[2/4] Materialized value uneven. (2026-11-03)",
        "[3/4] Materialized value uneven. (2026-11-05)",
    ]
    (project / "broken").unlink()
    alone = run(definitions, instance, "uneven", to="2026-11-01")
    (of_one,) = [e for e in alone.all_events if e.is_step_materialization]
    assert of_one.message == "Materialized value uneven."


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
    events = made(instance, "broken")
    attempts = {key: event.metadata["attempt"].value for key, event in events.items()}
    # A number of attempts that says something is on the page.
    shown = {
        key: event.metadata["retry_count"].value for key, event in events.items() if "retry_count" in event.metadata
    }
    assert shown == {key: attempt for key, attempt in attempts.items() if attempt}
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
    first = job.execute_in_process(instance=instance, tags=RANGE, raise_on_error=False)
    (project / "broken").unlink()
    assert not first.success
    assert re_executed(job, instance, first.run_id).success
    assert sorted(made(instance, "broken")) == sorted(made(instance, "after")) == DAYS
    assert re_executed(job, instance, first.run_id, resume=False).success  # everything is made again
    assert len(instance.fetch_materializations(dg.AssetKey("broken"), limit=100).records) == 10


def test_a_re_execution_with_nothing_left_to_make_succeeds(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    job = definitions.resolve_job_def("days")
    first = job.execute_in_process(instance=instance, tags=RANGE)
    assert re_executed(job, instance, first.run_id).success
    assert sorted(made(instance, "raw")) == DAYS


def evaluated(events: Sequence[dg.DagsterEvent]) -> list[dg.AssetCheckEvaluation]:
    found = [event for event in events if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION]
    return [event.asset_check_evaluation_data for event in found]


@pytest.mark.parametrize(
    "uncommitted",
    [
        "select 1 from event_logs where dagster_event_type = 'ASSET_MATERIALIZATION'",
        "select 1 from asset_check_executions where check_name = 'slow' and execution_status <> 'PLANNED'",
    ],
)
def test_a_kill_before_the_index_was_committed_makes_nothing_twice(
    definitions: dg.Definitions, tmp_path: Path, project: Path, uncommitted: str
) -> None:
    child = Path(__file__).parent / "killed_range.py"
    arguments = [str(project), str(tmp_path), "uneven_job", DAYS[0], DAYS[-1], uncommitted]
    env = {**os.environ, "PYTHONPATH": str(Path(dagma.__file__).parents[1])}
    done = subprocess.run([sys.executable, child, *arguments], check=False, capture_output=True, text=True, env=env)
    assert done.returncode == 9, done.stderr
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        index = sqlite3.connect(next(tmp_path.rglob("index.db")))
        assert index.execute(uncommitted).fetchone() is None

        def recorded(run_id: str) -> list[str]:
            kinds = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
            records = instance.get_records_for_run(run_id, of_type=kinds).records
            events = [record.event_log_entry.get_dagster_event() for record in records]
            checked = [f"{one.check_name} {key}" for one in evaluated(events) if (key := partition_of_check(one))]
            return checked + [f"made {event.partition}" for event in events if event.is_step_materialization]

        (record,) = instance.get_run_records()
        again = re_executed(definitions.resolve_job_def("uneven_job"), instance, record.dagster_run.run_id)
        assert again.success
        assert sorted(recorded(record.dagster_run.run_id) + recorded(again.run_id)) == sorted(
            f"{what} {day}" for what in ("made", "late", "slow") for day in DAYS
        )
        assert sorted(made(instance, "uneven")) == DAYS
        assert summed(again, "slow") == [(False, "4 of 5 partitions passed.")]


def summed(result: dg.ExecuteInProcessResult | dg.JobExecutionResult, name: str) -> list[tuple[bool, str | None]]:
    """The sums over all partitions that a run has of a check."""
    found = evaluated(result.all_events)
    sums = [one for one in found if one.check_name == name and "partitions" in one.metadata]
    return [(one.passed, one.description) for one in sums]


def test_a_sum_has_all_partitions_of_the_run_and_of_those_from_whose_failure_it_goes_on(
    definitions: dg.Definitions, instance: dg.DagsterInstance, project: Path
) -> None:
    job = definitions.resolve_job_def("uneven_job")
    (project / "broken").touch()
    first = job.execute_in_process(instance=instance, tags=RANGE, raise_on_error=False)
    assert not first.success
    assert summed(first, "late") == [(False, "0 of 1 partitions passed."), (False, "3 of 4 partitions passed.")]
    second = re_executed(job, instance, first.run_id)
    assert not second.success
    assert summed(second, "late") == [(False, "3 of 4 partitions passed.")] * 2
    (project / "broken").unlink()
    third = re_executed(job, instance, second.run_id)
    assert third.success
    assert summed(third, "late") == summed(third, "slow") == [(False, "4 of 5 partitions passed.")]


def test_observations_and_evaluations_are_recorded_once(
    definitions: dg.Definitions, instance: dg.DagsterInstance, project: Path
) -> None:
    def recorded(*runs: dg.ExecuteInProcessResult | dg.JobExecutionResult) -> tuple[list[str], list[str]]:
        events = [event for run in runs for event in run.all_events]
        observed = [event.asset_observation_data.asset_observation for event in events if event.is_asset_observation]
        checked = [partition_of_check(one) for one in evaluated(events) if one.check_name == "slow"]
        return sorted(one.partition for one in observed if one.partition), sorted(key for key in checked if key)

    slow = dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey("uneven"), "slow"))
    python = dg.Definitions(
        jobs=[
            dg.define_asset_job("feeds", "feed", executor_def=dg.in_process_executor),
            dg.define_asset_job("checks", slow, executor_def=dg.in_process_executor),
        ]
    )
    merged = dg.Definitions.merge(definitions, python)
    feeds, checks = merged.resolve_job_def("feeds"), merged.resolve_job_def("checks")
    (project / "broken").touch()
    first = feeds.execute_in_process(instance=instance, tags=RANGE, raise_on_error=False)
    assert recorded(first) == ([day for day in DAYS if day != "2026-11-04"], [])
    (project / "broken").unlink()
    assert recorded(first, re_executed(feeds, instance, first.run_id)) == (DAYS, [])
    assert run(definitions, instance, "uneven").success
    (project / "broken").touch()
    first = checks.execute_in_process(instance=instance, tags=RANGE, raise_on_error=False)
    assert recorded(first) == ([], [day for day in DAYS if day != "2026-11-04"])
    (project / "broken").unlink()
    assert recorded(first, re_executed(checks, instance, first.run_id)) == ([], DAYS)


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
