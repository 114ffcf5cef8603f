"""Runs of several partitions on a real server: terminated, gone on with, by each executor, in a pool, in PostgreSQL."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from tests.conftest import find_node, needs_package, typescript_project
from tests.dagster_server import DagsterServer, processes_of, until

pytestmark = needs_package

DEFINITIONS = """
import { existsSync, writeFileSync } from 'node:fs'
import * as d from 'dagma'
const several = {
  partitions: d.staticPartitions(Array.from({ length: 40 }, (_, n) => `k${n}`)),
  backfillPolicy: 'single-run', partitionConcurrency: 4,
}
const slow = d.asset({
  key: 'slow', ...several, pool: 'narrow', checks: { even: {} },
  run: async ({ partitionKey, signal }) => {
    const number = Number(partitionKey.slice(1))
    if (existsSync('hold') && number >= 10) {
      writeFileSync('holding', '')
      const alive = setTimeout(() => {}, 600_000)
      await new Promise((resolve) => signal.addEventListener('abort', resolve)).finally(() => clearTimeout(alive))
      signal.throwIfAborted()
    }
    return d.materializeResult(number, { checks: { even: { passed: number !== 1 } } })
  },
})
const next = d.asset({ key: 'next', ...several, inputs: { slow }, run: ({ inputs }) => inputs.slow })
export default d.definitions({
  assets: [slow, next],
  jobs: [
    d.job({ name: 'together_job', selection: '*' }),
    d.job({ name: 'apart_job', selection: '*', executor: 'multiprocess' }),
  ],
})
"""
KEYS = [f"k{number}" for number in range(40)]
TAGS = {"dagster/asset_partition_range_start": KEYS[0], "dagster/asset_partition_range_end": KEYS[-1]}
STEPS = """query($id: ID!) { runOrError(runId: $id) { ... on Run { stepStats { stepKey startTime endTime } } } }"""
POSTGRES = os.environ.get("DAGMA_TEST_POSTGRES")


def recorded(instance: dg.DagsterInstance, *runs: str) -> list[str]:
    """The partitions of runs: materializations and evaluations, without sums."""
    kinds = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
    records = [record for run_id in runs for record in instance.get_records_for_run(run_id, of_type=kinds).records]
    found = [record.event_log_entry.get_dagster_event() for record in records]
    made = [f"{event.step_key} {event.partition}" for event in found if event.is_step_materialization]
    checks = [e.asset_check_evaluation_data for e in found if not e.is_step_materialization]
    return sorted(made) + [str(one.description) for one in checks if "partitions" in one.metadata]


@pytest.mark.parametrize("storage", ["sqlite", "postgres"])
def test_a_terminated_range_is_gone_on_with_and_waits_for_its_pool(tmp_path: Path, storage: str) -> None:
    if storage == "postgres":
        pytest.importorskip("dagster_postgres", reason="only the environment with the newest Dagster has it")
        if POSTGRES is None:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("DAGMA_TEST_POSTGRES names no database")
    os.environ["DAGMA_NODE"] = find_node()
    project = typescript_project(tmp_path / "project", DEFINITIONS)
    settings = "concurrency: {pools: {default_limit: 1}}\n"
    if storage == "postgres":
        settings += "storage: {postgres: {postgres_url: {env: DAGMA_TEST_POSTGRES}}}\n"
    server = DagsterServer(project, "dagster_webserver", storage=settings)
    try:
        with dg.DagsterInstance.from_config(str(server.home)) as instance:
            for job in ("together", "apart"):
                (project / "hold").touch()
                first = server.launch(job, TAGS)
                until(lambda run_id=first: len(recorded(instance, run_id)) == 10)  # type: ignore[misc]
                until((project / "holding").exists)
                server.terminate(first)
                assert server.wait(first) == "CANCELED"
                assert recorded(instance, first) == sorted(f"slow {key}" for key in KEYS[:10])
                (project / "hold").unlink()
                (project / "holding").unlink()
                again = server.re_execute(first)
                assert server.wait(again) == "SUCCESS", server.events(again)
                made = sorted(f"{asset} {key}" for asset in ("slow", "next") for key in KEYS)
                assert recorded(instance, first, again) == [*made, "39 of 40 partitions passed."]
            runs = [server.launch(job, TAGS) for job in ("together", "apart")]
            assert [server.wait(run_id) for run_id in runs] == ["SUCCESS", "SUCCESS"]
            stats = [step for run_id in runs for step in server.ask(STEPS, id=run_id)["runOrError"]["stepStats"]]
            (_, end), (begin, _) = sorted((s["startTime"], s["endTime"]) for s in stats if s["stepKey"] == "slow")
            assert begin >= end
    finally:
        server.stop()
    until(lambda: not processes_of(project))
