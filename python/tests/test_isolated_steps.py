"""A run whose steps have their own processes does what it does in one process, whatever the executor."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import dagster as dg
import pytest

import dagma
from tests.conftest import find_node, is_running, needs_package, typescript_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    needs_package,
    pytest.mark.skipif(
        os.environ.get("CI") != "true"
        and (shutil.which("redis-server") is None or importlib.util.find_spec("dagster_celery") is None),
        reason="needs redis-server and dagster-celery",
    ),
]

SOURCES = Path(dagma.__file__).parents[1]

WAITS = """
const waits = d.asset({
  key: 'waits',
  run: ({ log, signal }) => new Promise((_, reject) => {
    log.info(`waiting in ${process.pid}`)
    signal.addEventListener('abort', () => reject(signal.reason))
    setTimeout(() => {}, 600_000)
  }),
})
"""

DEFINITIONS = (
    """
import * as d from 'dagma'
const here = { pid: process.pid, folder: process.cwd() }
const fan = ['a', 'b'].map((key) => d.asset({
  key: `fan_${key}`, pool: 'narrow', run: () => d.materializeResult(key, { metadata: here }),
}))
const inputs = Object.fromEntries(fan.map((one) => [one.key[0], one]))
const joined = d.asset({
  key: 'joined', inputs, checks: { all: { blocking: true } },
  run: ({ inputs }) => {
    return d.materializeResult(Object.values(inputs).join(''), { checks: { all: { passed: true } }, metadata: here })
  },
})
const flaky = d.asset({
  key: 'flaky', inputs: { joined }, retryPolicy: d.retryPolicy({ maxRetries: 1 }),
  run: ({ inputs, retryNumber }) => {
    if (retryNumber === 0) throw new RangeError('not yet')
    return d.materializeResult(1, { metadata: { ...here, joined: inputs.joined } })
  },
})
const odd = d.assetCheck({ asset: joined, name: 'odd', run: async ({ load }) => ({ passed: (await load()) === 'ab' }) })
const strict = d.asset({
  key: 'strict', deps: [joined], checks: { good: { blocking: true } },
  run: () => d.materializeResult(1, { checks: { good: { passed: false } } }),
})
const behind = d.asset({ key: 'behind', deps: [strict], run: () => 1 })
const queue = (name) => ({ 'dagster-celery/queue': name, 'dagma/queue': name })
const notify = (what) => ({ stepName, error, log }) => log.warning(`${what} ${stepName}: ${error?.message}`)
"""
    + WAITS
    + """
const docs = d.asset({
  key: 'docs', ioManager: 'local', opTags: queue('first'),
  run: ({ runId }) => d.materializeResult(runId, { metadata: here }),
})
const index = d.asset({
  key: 'index', inputs: { docs }, opTags: queue('second'), run: ({ inputs }) => inputs.docs,
})
const all = d.job({
  name: 'all', selection: [...fan, joined, flaky, strict, behind],
  onSuccess: notify('well'), onFailure: notify('failed'),
})
export default d.definitions({
  assets: [...fan, joined, flaky, strict, behind, waits, docs, index], checks: [odd],
  jobs: [all, d.job({ name: 'waiting', selection: [waits] }), d.job({ name: 'local', selection: [docs, index] })],
  ioManagers: { default: d.jsonFileIOManager(process.env.SHARED_VALUES), local: d.jsonFileIOManager('.dagma/values') },
})
"""
)


class Host:
    """A folder with the project, and what a process there has in its environment."""

    def __init__(self, root: Path, home: Path, **environment: str) -> None:
        self.project = typescript_project(root, DEFINITIONS)
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(SOURCES),
            "DAGSTER_HOME": str(home),
            "SHARED_VALUES": str(home / "values"),
            "DAGMA_MANIFEST": str(home / "manifest.json"),
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

    def build(self, manifest: Path) -> None:
        command = [find_node(), "node_modules/dagma/bin/dagma.js", "build", "--output", str(manifest)]
        subprocess.run(command, cwd=self.project, env=self.environment, check=True)

    def start_celery(self, config: Path, queue: str) -> subprocess.Popen[str]:
        """A Celery worker with one process for tasks, of the queue of all and of one of its own."""
        options = ["-y", str(config), "-q", f"dagster,{queue}", "--", "--concurrency", "1"]
        return self.start("dagster_celery.cli", "worker", "start", "-A", "dagma.celery", *options)

    def start_pool(self, queue: str) -> subprocess.Popen[str]:
        """A worker of the pool, of the queue of all and of one of its own."""
        return self.start("dagma.pool", "start", "--workers", "1", "--queue", "dagster", "--queue", queue)

    def execute(self, job: str) -> str:
        """Runs the job to its end; gives what its process has printed."""
        process = self.start("dagster", "job", "execute", "-m", "dagma.definitions", "-j", job)
        printed, _ = process.communicate(timeout=200)
        return printed


def outcome(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dict[str, Any]:
    """The work of a run, in whatever processes."""
    records = [entry for entry in instance.all_logs(run.run_id) if entry.step_key is not None]
    steps: dict[str, list[str]] = {}
    for entry in records:
        event = entry.dagster_event
        if event is not None and event.event_type_value in _KINDS:
            steps.setdefault(entry.step_key or "", []).append(event.event_type_value)
    said = sorted(e.user_message for e in records if e.user_message.startswith(("well ", "failed ")))
    return {"status": run.status.value, "steps": steps, "hooks": [line.split(". ")[0] for line in said]}


_HOSTS = ("run", "first", "second")
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
    launcher = {"module": "dagma.celery_launcher", "class": "DagmaCeleryRunLauncher"}
    urls = {"broker": {"env": "CELERY_BROKER"}, "backend": {"env": "CELERY_BACKEND"}}
    coordinator = {"module": "dagster.core.run_coordinator", "class": "DefaultRunCoordinator"}
    settings = {"run_launcher": {**launcher, "config": urls}, "run_coordinator": coordinator}
    (folder / "dagster.yaml").write_text(json.dumps({"telemetry": {"enabled": False}, **settings}))
    return folder


@pytest.fixture
def pool_database() -> Iterator[str]:
    """The URL of a new database for the queue of the worker pool."""
    server, psycopg = os.environ["DAGMA_TEST_POSTGRES"], pytest.importorskip("psycopg")
    name = f"dagma_pool_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def newest(instance: dg.DagsterInstance) -> dg.DagsterRun:
    return instance.get_runs(limit=1)[0]


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis server; gives its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        until(lambda: can_connect(port), "Redis does not answer")
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def can_connect(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], bool], otherwise: str) -> None:
    """Waits for it; the limit is for what never comes."""
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail(otherwise)


@contextmanager
def stopped_at_the_end(*processes: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):  # it has ended
                os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()


def messages(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    return [entry.user_message for entry in instance.all_logs(run.run_id)]


def test_each_executor_does_what_one_process_does(
    tmp_path: Path, home: Path, pool_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis(tmp_path) as broker, dg.DagsterInstance.from_config(str(home)) as instance:
        monkeypatch.setenv("CELERY_BROKER", f"{broker}/0")
        monkeypatch.setenv("CELERY_BACKEND", f"{broker}/1")
        instance.event_log_storage.set_concurrency_slots("narrow", 1)
        config = {"broker": f"{broker}/0", "backend": f"{broker}/1"}
        hosts = {name: Host(tmp_path / name, home, DAGMA_WORKER_POOL_URL=pool_database) for name in _HOSTS}
        hosts["run"].build(home / "manifest.json")
        outcomes, processes = {}, {}

        def compare(executor: str, config: dict[str, Any]) -> None:
            run_host = hosts["run"]
            run_host.environment |= {"DAGMA_EXECUTOR": executor, "DAGMA_EXECUTOR_CONFIG": json.dumps(config)}
            printed = run_host.execute("all")
            outcomes[executor] = outcome(instance, newest(instance))
            assert outcomes[executor]["status"] == "FAILURE", printed
            assert metadata(instance, "flaky")["joined"] == "ab"
            processes[executor] = [metadata(instance, name) for name in ("fan_a", "fan_b", "joined", "flaky")]

        compare("dagma", {})
        compare("multiprocess", {})
        (home / "celery.yaml").write_text(json.dumps({"execution": {"config": config}}))
        assert "DagsterExecutionStepExecutionError" not in hosts["second"].execute("local")
        workers = [hosts[name].start_celery(home / "celery.yaml", name) for name in ("first", "second")]
        hosts["run"].environment["DAGMA_NODE"] = "/nowhere"  # a process that only hands steps out needs no Node
        with stopped_at_the_end(*workers):
            cancel_under_celery(instance, hosts["run"], config)
            compare("celery", config)
            old_value_of_another_host(instance, hosts)
            first = metadata(instance, "docs")["pid"]
            hosts["run"].execute("local")
            assert metadata(instance, "docs")["pid"] == first, "a Node worker serves runs one after another"
            other_code_of_another_host(instance, hosts)
            whole = lost_workers(instance, hosts["run"], workers)
        resumed_run(instance, whole, hosts["first"].start_celery(home / "celery.yaml", "first"))
        in_the_pool(instance, hosts, compare)
    assert outcomes["multiprocess"] == outcomes["dagma"]
    assert outcomes["celery"] == outcomes["dagma"]
    assert outcomes["worker-pool"] == outcomes["dagma"]
    assert outcomes["dagma"]["steps"]["flaky"][:3] == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED"]
    assert "behind" not in outcomes["dagma"]["steps"]
    assert outcomes["dagma"]["hooks"] == _HOOKS
    folders = {one["folder"] for one in processes["celery"]}
    pids = {name: {one["pid"] for one in found} for name, found in processes.items()}
    assert {name: len(found) for name, found in pids.items()} == {
        "dagma": 1,
        "multiprocess": 4,
        "celery": len(folders),
        "worker-pool": len({one["folder"] for one in processes["worker-pool"]}),
    }
    assert folders <= {str(hosts[name].project) for name in ("first", "second")}


def waiting(instance: dg.DagsterInstance) -> list[str]:
    """The message of the newest run's step when it waits."""
    runs = instance.get_runs(limit=1)
    return [text for run in runs for text in messages(instance, run) if text.startswith("waiting in")]


def cancel_under_celery(instance: dg.DagsterInstance, host: Host, config: dict[str, Any]) -> None:
    """Celery does not end a task that has begun: the step ends itself, and its worker continues."""
    host.environment |= {"DAGMA_EXECUTOR": "celery", "DAGMA_EXECUTOR_CONFIG": json.dumps(config)}
    process = host.start("dagster", "job", "execute", "-m", "dagma.definitions", "-j", "waiting")
    with stopped_at_the_end(process):
        until(lambda: bool(waiting(instance)), "no step began")
        run, node = newest(instance), int(waiting(instance)[0].split()[-1])
        instance.report_run_canceling(run)
        until(lambda: not is_running(node), "the step does not end")
        until(lambda: "RunEndedError" in failures(instance, run), "it does not say why")


def lost_workers(instance: dg.DagsterInstance, host: Host, workers: list[subprocess.Popen[str]]) -> dg.DagsterRun:
    """As machines that are switched off: a step that one of them had begun fails, and so does its run.

    Gives a whole run that another one had begun.
    """
    whole = launched(instance, host)
    process = host.start("dagster", "job", "execute", "-m", "dagma.definitions", "-j", "waiting")
    with stopped_at_the_end(process):
        until(lambda: newest(instance).run_id != whole.run_id and bool(waiting(instance)), "no step began")
        node = int(waiting(instance)[0].split()[-1])
        for worker in workers:
            os.killpg(worker.pid, signal.SIGKILL)
        until(lambda: not is_running(node), "Node does not end with its Celery worker")
        printed, _ = process.communicate(timeout=200)
    assert newest(instance).is_failure, printed
    assert "had begun with the step and is gone" in printed
    return whole


def launched(instance: dg.DagsterInstance, host: Host) -> dg.DagsterRun:
    """A whole run that a Celery worker executes in one process."""
    command = ("dagster", "job", "launch", "-m", "dagma.definitions", "-j", "waiting")
    host.environment["DAGMA_NODE"] = find_node()
    printed, _ = host.start(*command).communicate()
    host.environment["DAGMA_NODE"] = "/nowhere"
    until(lambda: bool(waiting(instance)), printed)
    return newest(instance)


def resumed_run(instance: dg.DagsterInstance, run: dg.DagsterRun, worker: subprocess.Popen[str]) -> None:
    """Run monitoring finds a run whose worker is gone; another one continues it, until it is terminated."""

    def begun() -> int:
        return sum(text.startswith("waiting in") for text in messages(instance, run))

    with stopped_at_the_end(worker):
        health = instance.run_launcher.check_run_worker_health
        until(lambda: "No Celery worker executes the run" in str(health(run)), "nobody misses its worker")
        instance.resume_run(run.run_id, cast("Any", None), 1)
        until(lambda: begun() == 2, "it is not resumed")
        run = instance.get_runs(dg.RunsFilter([run.run_id]))[0]
        assert "RUNNING" in {str(health(run)) for _ in range(3)}.pop()
        assert instance.run_launcher.terminate(run.run_id)
        until(lambda: instance.get_runs(dg.RunsFilter([run.run_id]))[0].is_finished, "it does not end")
        assert instance.get_runs(dg.RunsFilter([run.run_id]))[0].status is dg.DagsterRunStatus.CANCELED


def in_the_pool(
    instance: dg.DagsterInstance, hosts: dict[str, Host], compare: Callable[[str, dict[str, Any]], None]
) -> None:
    pool = [hosts[name].start_pool(name) for name in ("first", "second")]
    with stopped_at_the_end(*pool):
        compare("worker-pool", {})
        old_value_of_another_host(instance, hosts)
        first = metadata(instance, "docs")["pid"]
        hosts["run"].execute("local")
        assert metadata(instance, "docs")["pid"] == first, "a Node worker serves runs one after another"
        other_code_of_another_host(instance, hosts)
        cancel_in_the_pool(instance, hosts["run"])
        lost_processes(instance, hosts["run"])
        drained(instance, hosts["run"], pool)


def cancel_in_the_pool(instance: dg.DagsterInstance, host: Host) -> None:
    process, node = waits_in_a_step(instance, host)
    with stopped_at_the_end(process):
        instance.report_run_canceling(newest(instance))
        until(lambda: not is_running(node), "the step does not end")
        until(lambda: "RunEndedError" in failures(instance, newest(instance)), "it does not say why")


def lost_processes(instance: dg.DagsterInstance, host: Host) -> None:
    """The process of a worker is killed: its step fails before its lease ends, and another process takes its place."""
    process, node = waits_in_a_step(instance, host)
    with stopped_at_the_end(process):
        (worker,) = (one for one in pool_workers(host) if one["step"] == "waits")
        assert (worker["state"], worker["runId"]) == ("running", newest(instance).run_id)
        os.kill(worker["pid"], signal.SIGKILL)
        until(lambda: not is_running(node), "Node does not end with its worker")
        printed, _ = process.communicate(timeout=200)
    assert newest(instance).is_failure, printed
    assert "its worker was killed" in printed
    until(lambda: len(pool_workers(host)) == 2, "no other process takes its place")


def drained(instance: dg.DagsterInstance, host: Host, pool: list[subprocess.Popen[str]]) -> None:
    """A pool that is terminated finishes the step in hand, and leaves nothing behind."""
    process, node = waits_in_a_step(instance, host)
    with stopped_at_the_end(process):
        for one in pool:
            one.terminate()
        until(lambda: len(pool_workers(host)) == 1, "the idle worker does not end")
        assert is_running(node)
        instance.report_run_canceling(newest(instance))
        assert [one.wait(60) for one in pool] == [0, 0]
    assert not is_running(node)
    assert pool_workers(host) == []


def waits_in_a_step(instance: dg.DagsterInstance, host: Host) -> tuple[subprocess.Popen[str], int]:
    """A new run whose step waits, and the process of Node that executes it."""
    before = newest(instance).run_id
    process = host.start("dagster", "job", "execute", "-m", "dagma.definitions", "-j", "waiting")
    until(lambda: newest(instance).run_id != before and bool(waiting(instance)), "no step began")
    return process, int(waiting(instance)[0].split()[-1])


def pool_workers(host: Host) -> list[dict[str, Any]]:
    printed, _ = host.start("dagma.pool", "list").communicate(timeout=60)
    workers: list[dict[str, Any]] = json.loads(printed.splitlines()[-1])
    return workers


def old_value_of_another_host(instance: dg.DagsterInstance, hosts: dict[str, Host]) -> None:
    """A step finds what its own host has stored in an earlier run, not what this run has stored elsewhere."""
    printed = hosts["run"].execute("local")
    run = newest(instance)
    assert outcome(instance, run)["steps"]["docs"] == ["STEP_START", "ASSET_MATERIALIZATION", "STEP_SUCCESS"], printed
    place = hosts["second"].project / ".dagma" / "values" / "docs.json"
    there = f"On {socket.gethostname()}, there is an older one in {place}"
    assert f'needs the value of "docs" that run {run.run_id[:8]} stored' in failures(instance, run)
    assert there in failures(instance, run)
    assert "DAGMA_VALUE_UNREACHABLE" in failures(instance, run)


def other_code_of_another_host(instance: dg.DagsterInstance, hosts: dict[str, Host]) -> None:
    """A step does not begin on a host whose modules are not those of its run."""
    definitions = hosts["second"].project / "src" / "definitions.ts"
    text = definitions.read_text()
    definitions.write_text(f"{text}// newer\n")
    printed = hosts["run"].execute("local")
    definitions.write_text(text)
    run = newest(instance)
    steps = outcome(instance, run)["steps"]
    assert (steps["docs"][-1], steps["index"]) == ("STEP_SUCCESS", ["STEP_START", "STEP_FAILURE"]), printed
    assert f"The Node worker of this step on {socket.gethostname()} has another version" in failures(instance, run)
    assert "DAGMA_CODE_VERSION" in failures(instance, run)


def failures(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    return str(instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE))
