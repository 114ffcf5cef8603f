"""A run whose steps have processes of their own does what it does in one process, whatever the executor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import dagma
from tests.conftest import needs_package, typescript_project

pytestmark = needs_package

SOURCES = Path(dagma.__file__).parents[1]

DEFINITIONS = """
import * as d from 'dagma'
const here = { pid: process.pid, folder: process.cwd() }
const fan = ['a', 'b'].map((key) => d.asset({
  key: `fan_${key}`, pool: 'narrow', run: () => d.materializeResult(key, { metadata: here }),
}))
const inputs = Object.fromEntries(fan.map((one) => [one.key[0], one]))
const joined = d.asset({
  key: 'joined', inputs, checks: { all: { blocking: true } },
  run: ({ inputs }) => d.materializeResult(Object.values(inputs).join(''), { checks: { all: { passed: true } } }),
})
const flaky = d.asset({
  key: 'flaky', inputs: { joined }, retryPolicy: d.retryPolicy({ maxRetries: 1 }),
  run: ({ inputs, retryNumber }) => {
    if (retryNumber === 0) throw new RangeError('not yet')
    return d.materializeResult(1, { metadata: { joined: inputs.joined } })
  },
})
const odd = d.assetCheck({ asset: joined, name: 'odd', run: async ({ load }) => ({ passed: (await load()) === 'ab' }) })
const strict = d.asset({
  key: 'strict', deps: [joined], checks: { good: { blocking: true } },
  run: () => d.materializeResult(1, { checks: { good: { passed: false } } }),
})
const behind = d.asset({ key: 'behind', deps: [strict], run: () => 1 })
const notify = (what) => ({ stepName, error, log }) => log.warning(`${what} ${stepName}: ${error?.message}`)
const waits = d.asset({
  key: 'waits',
  run: ({ log, signal }) => new Promise((_, reject) => {
    log.info('waiting')
    signal.addEventListener('abort', () => reject(signal.reason))
    setTimeout(() => {}, 600_000)
  }),
})
const all = d.job({
  name: 'all', selection: [...fan, joined, flaky, strict, behind],
  onSuccess: notify('well'), onFailure: notify('failed'),
})
export default d.definitions({
  assets: [...fan, joined, flaky, strict, behind, waits], checks: [odd],
  jobs: [all, d.job({ name: 'waiting', selection: [waits] })],
  ioManagers: { default: d.jsonFileIOManager(process.env.SHARED_VALUES) },
})
"""


class Host:
    """A folder with the project, and what a process there has in its environment."""

    def __init__(self, root: Path, home: Path, **environment: str) -> None:
        self.project = typescript_project(root, DEFINITIONS)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(SOURCES),
            "DAGSTER_HOME": str(home),
            "SHARED_VALUES": str(home / "values"),
            **environment,
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=self.project,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def execute(self, job: str) -> str:
        """Runs the job to its end; gives what its process has printed."""
        process = self.start("dagster", "job", "execute", "-m", "dagma.definitions", "-j", job)
        printed, _ = process.communicate(timeout=200)
        return printed


def outcome(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dict[str, Any]:
    """What a run has done, whatever processes it did it in."""
    records = [entry for entry in instance.all_logs(run.run_id) if entry.step_key is not None]
    steps: dict[str, list[str]] = {}
    for entry in records:
        event = entry.dagster_event
        if event is not None and event.event_type_value in _KINDS:
            steps.setdefault(entry.step_key or "", []).append(event.event_type_value)
    said = sorted(e.user_message for e in records if e.user_message.startswith(("well ", "failed ")))
    return {"status": run.status.value, "steps": steps, "hooks": [line.split(". ")[0] for line in said]}


_KINDS = {"STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED"}
_HOOKS = [
    "failed strict: Blocking checks failed: strict:good",
    *(f"well {name}: undefined" for name in ("fan_a", "fan_b", "flaky", "joined", "joined_odd")),
]
_KINDS |= {"ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "HOOK_COMPLETED"}


def metadata(instance: dg.DagsterInstance, asset: str) -> dict[str, Any]:
    event = instance.get_latest_materialization_event(dg.AssetKey(asset))
    assert event is not None
    assert event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry: { enabled: false }\n")
    return folder


def newest(instance: dg.DagsterInstance) -> dg.DagsterRun:
    return instance.get_runs(limit=1)[0]


def test_each_executor_does_what_one_process_does(tmp_path: Path, home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.event_log_storage.set_concurrency_slots("narrow", 1)
        outcomes, pids = {}, {}
        for executor in ("dagma", "multiprocess"):
            host = Host(tmp_path / executor, home, DAGMA_EXECUTOR=executor)
            printed = host.execute("all")
            outcomes[executor] = outcome(instance, newest(instance))
            assert outcomes[executor]["status"] == "FAILURE", printed
            pids[executor] = {metadata(instance, f"fan_{key}")["pid"] for key in "ab"}
            assert metadata(instance, "flaky")["joined"] == "ab"
    assert outcomes["multiprocess"] == outcomes["dagma"]
    assert outcomes["dagma"]["steps"]["flaky"][:3] == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED"]
    assert "behind" not in outcomes["dagma"]["steps"]
    assert outcomes["dagma"]["hooks"] == _HOOKS
    assert {name: len(found) for name, found in pids.items()} == {"dagma": 1, "multiprocess": 2}
