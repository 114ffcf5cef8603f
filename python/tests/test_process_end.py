"""A step that takes its Node worker down, with the real TypeScript worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import dagma
from tests.conftest import needs_package, typescript_project

if TYPE_CHECKING:
    from pathlib import Path

    import dagster as dg

pytestmark = needs_package

DEFINITIONS = """
import * as d from 'dagma'
const once = d.retryPolicy({ maxRetries: 1, delaySeconds: 0.01 })
const recovers = d.asset({ key: 'recovers', retryPolicy: once, run: ({ retryNumber, log }) => {
  log.info('last words')
  if (retryNumber === 0) process.exit(7)
  return 1
} })
const exits = d.asset({ key: 'exits', deps: [recovers], run: () => process.exit(0) })
const rejects = d.asset({ key: 'rejects', deps: [recovers], run: async () => {
  void Promise.reject(new Error('forgotten'))
  await new Promise(() => {})
} })
export default d.definitions({ assets: [exits, rejects, recovers] })
"""


@pytest.fixture
def defs(tmp_path: Path) -> dg.Definitions:
    return dagma.load_definitions(typescript_project(tmp_path / "project", DEFINITIONS))


def test_each_step_says_why_it_ended(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    job = defs.resolve_job_def("__ASSET_JOB")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    events = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    failed: dict[Any, Any] = {event.step_key: event.event_specific_data for event in events}
    assert set(failed) == {"exits", "rejects"}
    assert 'The process exited with code 0 while step "exits" was running.' in failed["exits"].error_display_string
    assert "[DAGMA_PROCESS_EXITED]" in failed["exits"].error_display_string
    assert 'ended the process while step "rejects" was running: forgotten' in failed["rejects"].error_display_string
    retried = [event.step_key for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]
    assert retried == ["recovers"]
    (made,) = result.get_asset_materialization_events()
    assert made.step_key == "recovers"
    logged = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert logged.count("last words") == 2
