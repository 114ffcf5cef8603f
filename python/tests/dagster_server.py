"""A real `dagster dev` or web server on a project, and what a browser would ask of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagma

SETTINGS = """
run_launcher: {module: dagma.launcher, class: DagmaRunLauncher}
run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}
run_monitoring: {enabled: true, poll_interval_seconds: 2}
telemetry: {enabled: false}
"""

LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
RE_EXECUTE = """mutation($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
TERMINATE = """mutation($id: String!) { terminateRun(runId: $id) {
  __typename ... on TerminateRunFailure { message } ... on PythonError { message } } }"""
RELOAD = """mutation($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) {
  __typename ... on WorkspaceLocationEntry { loadStatus } } }"""
EVENTS = """query($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
  ... on MessageEvent { message } ... on ExecutionStepFailureEvent { error { message } } } } } }"""
STEPS = """query($id: ID!) { runOrError(runId: $id) { ... on Run { stepStats { startTime endTime } } } }"""
LOCATIONS = """{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"""


def until(condition: Callable[[], Any]) -> Any:
    """Waits until the condition holds and returns what it gives. The bound only guards against waiting forever."""
    deadline = time.monotonic() + 300
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
    return found


class DagsterServer:
    """`dagster dev`, or the web server alone, in its own process group."""

    def __init__(
        self,
        project: Path,
        *command: str,
        target: tuple[str, str] = ("-m", "dagma.definitions"),
        queue: bool = False,
        storage: str = "",
        monitoring: str = "",
    ) -> None:
        self.project, self.home, self.location = project, project / "home", target[1]
        self.home.mkdir(exist_ok=True)
        settings = SETTINGS.replace("DefaultRun", "QueuedRun") if queue else SETTINGS
        settings = settings.replace("enabled: true, ", f"enabled: true, {monitoring}")
        (self.home / "dagster.yaml").write_text(settings + storage)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = {
            **os.environ,
            "DAGSTER_HOME": str(self.home),
            "PYTHONPATH": str(Path(dagma.__file__).parents[1]),
        }
        with (project / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command, *target, "-h", "127.0.0.1", "-p", str(self.port)],
                cwd=project,
                env=self.environment,
                stdin=subprocess.PIPE,  # its end tells `dagma.dev` to end too
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self._loaded)

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)["data"]

    def launch(self, job: str, tags: Mapping[str, str] | None = None) -> str:
        selector = {
            "repositoryName": "__repository__",
            "repositoryLocationName": self.location,
            "jobName": f"{job}_job",
        }
        metadata = {"tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]}
        params = {"selector": selector, "runConfigData": {}, "executionMetadata": metadata}
        answer = self.ask(LAUNCH, params=params)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def re_execute(self, run_id: str) -> str:
        """Launches a run that continues from where another one failed or was canceled."""
        answer = self.ask(RE_EXECUTE, params={"parentRunId": run_id, "strategy": "FROM_FAILURE"})
        assert answer["launchRunReexecution"]["__typename"] == "LaunchRunSuccess", answer
        return str(answer["launchRunReexecution"]["run"]["runId"])

    def status(self, run_id: str) -> str:
        return str(self.ask(STATUS, id=run_id)["runOrError"]["status"])

    def step_times(self, run_id: str) -> list[tuple[float, float]]:
        """When each step of a run began and ended."""
        return [(step["startTime"], step["endTime"]) for step in self.ask(STEPS, id=run_id)["runOrError"]["stepStats"]]

    def running(self) -> list[str]:
        found = self.ask("{ runsOrError(filter: { statuses: [STARTED] }) { ... on Runs { results { runId } } } }")
        return [run["runId"] for run in found["runsOrError"]["results"]]

    def retry_of(self, run_id: str) -> str | None:
        """The run that retries another one, if it is there."""
        tags = [{"key": "dagster/parent_run_id", "value": run_id}]
        found = self.ask(
            "query($of: RunsFilter!) { runsOrError(filter: $of) { ... on Runs { results { runId } } } }",
            of={"tags": tags},
        )
        return next((run["runId"] for run in found["runsOrError"]["results"]), None)

    def wait(self, run_id: str) -> str:
        return str(until(lambda: (status := self.status(run_id)) in {"SUCCESS", "FAILURE", "CANCELED"} and status))

    def terminate(self, run_id: str) -> None:
        answer = self.ask(TERMINATE, id=run_id)["terminateRun"]
        assert answer["__typename"] == "TerminateRunSuccess", answer

    def reload(self) -> None:
        self.ask(RELOAD, name=self.location)
        until(self._loaded)

    def events(self, run_id: str) -> str:
        """All messages of a run and the errors of its steps, for looking for one."""
        found = self.ask(EVENTS, id=run_id)["logsForRun"]["events"]
        errors = [event["error"] for event in found if event.get("error")]
        return "\n".join([*(event.get("message") or "" for event in found), *(error["message"] for error in errors)])

    def stop(self, number: signal.Signals = signal.SIGINT, *, group: bool = False) -> None:
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
        self._close_stdin()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._close_stdin()

    def _close_stdin(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()

    def _loaded(self) -> Any:
        assert self.process.poll() is None, (self.project / "server.log").read_text()
        try:
            return self.ask(LOCATIONS)["repositoriesOrError"].get("nodes")
        except OSError:
            return None


def processes_of(project: Path) -> dict[int, str]:
    """Command lines of all processes that belong to a project: started in it, or with its instance."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if f"DAGSTER_HOME={project / 'home'}".encode() in environment.split(b"\0") and state != "Z":
            found[int(folder.name)] = command
    return found
