"""Budgets of models in Dagster: calls stop, retries of the step end, and a new run of it continues from there."""

from pathlib import Path

import dagster as dg

import dagma
from tests.conftest import failure, needs_package, typescript_project

pytestmark = needs_package

DEFINITIONS = """
import { asset, definitions, job, retryPolicy } from 'dagma'
import { startModelCall } from 'dagma/author'
import { appendFileSync } from 'node:fs'

const ask = (what) => {
  const end = startModelCall('m', { input: 1_000_000 })
  appendFileSync('calls.txt', what + ' ')
  return end({ inputTokens: 2, outputTokens: 0, isCounted: true })
}
const first = asset({ key: 'first', run: () => ask('first') })
const second = asset({
  key: 'second',
  inputs: { first },
  retryPolicy: retryPolicy({ maxRetries: 3 }),
  run: () => [1, 2, 3].map(() => ask('second')),
})
const nightly = job({ name: 'nightly', selection: '*', budget: { maxCost: 6 } })
export default definitions({ assets: [first, second], jobs: [nightly] })
"""


def test_a_budget_ends_the_run_and_a_retry_goes_on(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    project = typescript_project(tmp_path / "project", DEFINITIONS)
    job = dagma.load_definitions(project).resolve_job_def("nightly")
    run = job.execute_in_process(instance=instance, raise_on_error=False)
    assert 'The budget of job "nightly" is used up: 6 of 6 (cost) of this run.' in failure(run, "second")
    (made,) = run.asset_materializations_for_node("first")
    assert made.metadata["cost"] == dg.MetadataValue.int(2)
    assert made.metadata["total_tokens"] == dg.MetadataValue.int(2)
    assert (project / "calls.txt").read_text().split() == ["first", "second", "second"]
    assert not [event for event in run.all_events if event.event_type == dg.DagsterEventType.STEP_UP_FOR_RETRY]

    again = job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("second")])
    assert again.success
    assert (project / "calls.txt").read_text().split() == ["first", *["second"] * 5]
