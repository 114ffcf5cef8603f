"""Items of a step, with the real TypeScript worker: what they gave is kept for the retry, and progress is observed."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

import dagma
from tests.conftest import needs_package, typescript_project

pytestmark = needs_package

DEFINITIONS = """
import { appendFileSync, existsSync } from 'node:fs'
import * as d from 'dagma'
const list = Array.from({ length: 50 }, (_, number) => number)
const key = (number) => `n${number}`
const work = (name) => async (number) => {
  appendFileSync(`${name}.called`, `${number}\\n`)
  if (existsSync('broken') && number === 7) throw new Error('no such row')
  return number * 2
}
const several = { partitions: d.staticPartitions(['a', 'b']), backfillPolicy: 'single-run' }
const loaded = d.asset({ key: 'loaded', run: ({ items }) => items(list, { key, concurrency: 1 }, work('loaded')) })
const retried = d.asset({
  key: 'retried', retryPolicy: d.retryPolicy({ maxRetries: 1, delaySeconds: 0.01 }),
  run: ({ items, retryNumber }) => items(list, { key, concurrency: 1 }, (number) => {
    appendFileSync('retried.called', `${number}\\n`)
    if (retryNumber === 0 && number === 3) throw new Error('not yet')
  }),
})
const parts = d.asset({
  key: 'parts', ...several,
  run: ({ items, partitionKey }) => items(list, { key, name: 'load' }, work(partitionKey)),
})
const counted = d.assetCheck({
  asset: loaded, name: 'counted',
  run: async ({ items, load }) => ({ passed: (await items(await load(), { key }, () => 1)).length === 50 }),
})
export default d.definitions({
  assets: [loaded, retried, parts], checks: [counted], jobs: [d.job({ name: 'load', selection: [loaded] })],
})
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return typescript_project(tmp_path / "project", DEFINITIONS)


@pytest.fixture
def definitions(project: Path) -> dg.Definitions:
    return dagma.load_definitions(project)


def called(project: Path, name: str) -> list[int]:
    """The items that the function of an asset was called for since this was last asked."""
    file = project / f"{name}.called"
    numbers = [int(line) for line in file.read_text().split()]
    file.unlink()
    return numbers


def progress(instance: dg.DagsterInstance, asset: str) -> list[tuple[str | None, dict[str, object]]]:
    """The observations of an asset, oldest first: their partitions and their metadata."""
    records = instance.fetch_observations(dg.AssetKey(asset), limit=100).records
    observations = [record.asset_observation for record in reversed(records)]
    return [(one.partition, {name: value.value for name, value in one.metadata.items()}) for one in observations if one]


def kept(project: Path) -> list[str]:
    return [str(file.relative_to(project / ".dagma" / "items")) for file in project.glob(".dagma/items/**/*.jsonl")]


def test_a_re_execution_from_failure_goes_on_with_what_is_missing(
    definitions: dg.Definitions, instance: dg.DagsterInstance, project: Path
) -> None:
    job = definitions.resolve_job_def("load")

    def run(parent: str | None = None, **tags: str) -> str:
        started = instance.create_run_for_job(job, tags=tags, parent_run_id=parent, root_run_id=parent)
        execute_run(InMemoryJob(job), started, instance)
        return started.run_id

    (project / "broken").touch()
    first = run()
    failed = instance.get_run_by_id(first)
    assert failed is not None
    assert failed.status == dg.DagsterRunStatus.FAILURE
    entries = instance.all_logs(first)
    (failure,) = [
        entry.dagster_event for entry in entries if entry.dagster_event and entry.dagster_event.is_step_failure
    ]
    assert '1 of 50 items failed: "n7".' in str(failure.step_failure_data.error_display_string)
    assert 'Item "n7" failed: no such row' in [entry.user_message for entry in entries]
    assert called(project, "loaded") == list(range(50))
    second = run(first, **{"dagster/is_resume_retry": "true"})
    assert called(project, "loaded") == [7]
    (project / "broken").unlink()
    third = run(second, **{"dagster/is_resume_retry": "true"})
    succeeded = instance.get_run_by_id(third)
    assert succeeded is not None
    assert succeeded.status == dg.DagsterRunStatus.SUCCESS
    assert called(project, "loaded") == [7]
    assert kept(project) == []
    run(third)  # of all steps: afresh
    assert called(project, "loaded") == list(range(50))
    observed = [metadata for _, metadata in progress(instance, "loaded")]
    assert observed[:2] == [
        {"items_done": 5, "items_failed": 0, "items_total": 50},
        {"items_done": 9, "items_failed": 1, "items_total": 50},
    ]
    assert len(observed) == 10 + 1 + 1 + 10


def test_a_step_retry_goes_on_with_what_is_missing(
    definitions: dg.Definitions, instance: dg.DagsterInstance, project: Path
) -> None:
    job = definitions.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("retried")])
    assert result.success
    assert called(project, "retried") == [*range(50), 3]
    assert kept(project) == []


def test_each_partition_of_a_run_of_several_has_its_own_items(
    definitions: dg.Definitions, instance: dg.DagsterInstance, project: Path
) -> None:
    (project / "broken").touch()
    job = definitions.resolve_implicit_global_asset_job_def()
    tags = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "b"}
    result = job.execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey("parts")], tags=tags, raise_on_error=False
    )
    assert not result.success
    observed = progress(instance, "parts")
    assert {partition for partition, _ in observed} == {"a", "b"}
    assert observed[-1][1] == {"items_name": "load", "items_done": 49, "items_failed": 1, "items_total": 50}
    assert sorted(file.split("/")[:3] for file in kept(project)) == [
        ["parts", "a@", "load@"],
        ["parts", "b@", "load@"],
    ]


def test_the_items_of_a_check_have_lines_in_the_log(
    definitions: dg.Definitions, instance: dg.DagsterInstance, project: Path
) -> None:
    job = definitions.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("loaded")])
    assert result.success
    lines = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert "items_done: 50, items_failed: 0, items_total: 50" in lines
    assert len(progress(instance, "loaded")) == 10
    assert kept(project) == []
