"""Measures runs from launch over GraphQL to SUCCESS, and how long code locations take to load; prints the ratios.

Each host has its own server, one at a time, its own DAGSTER_HOME, and one run before the first that counts. Between
runs there is a pause, as between a user's; `--pause 0` launches the next at once. With `DAGMA_BENCH_POSTGRES`, Dagma is
measured with its runs and events in PostgreSQL as well.
"""

import argparse
import importlib.util
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TELEMETRY = "telemetry: {enabled: false}\n"
AT_ONCE = "run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}\n"
QUEUE = "run_coordinator: {module: dagster.core.run_coordinator, class: QueuedRunCoordinator}\n"
LAUNCHER = "run_launcher: {module: dagma.launcher, class: DagmaRunLauncher}\n"
LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
NODES = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"

PYTHON = ["-f", str(HERE / "python_assets.py")]
DAGMA = ["-m", "dagma.definitions"]
HOSTS = {
    "dagma": (DAGMA, LAUNCHER + AT_ONCE, {}),
    "dagma --queue": (DAGMA, LAUNCHER + QUEUE, {}),
    "python, defaults": (PYTHON, "", {}),
    "python, in-process": (PYTHON, "", {"BENCH_EXECUTOR": "in_process"}),
    "python, in-process, no queue": (PYTHON, AT_ONCE, {"BENCH_EXECUTOR": "in_process"}),
}
POSTGRES = "DAGMA_BENCH_POSTGRES"
if os.environ.get(POSTGRES):
    STORAGE = f"storage: {{postgres: {{postgres_url: {{env: {POSTGRES}}}}}}}\n"
    HOSTS["dagma, PostgreSQL"] = (DAGMA, LAUNCHER + AT_ONCE + STORAGE, {})


class Server:
    """`dagster dev` in its own group."""

    def __init__(self, host: str, project: Path, home: Path) -> None:
        target, settings, environment = HOSTS[host]
        home.mkdir()
        (home / "dagster.yaml").write_text(settings + TELEMETRY)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", *target, "-h", "127.0.0.1", "-p", str(self.port)],
            cwd=project,
            env={**os.environ, "DAGSTER_HOME": str(home), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 120
        while not (nodes := self.nodes()):
            if time.monotonic() > deadline:
                self.stop()
                raise SystemExit(f"{host}: Dagster did not load the definitions.")
            time.sleep(0.2)
        self.repository = {
            "repositoryName": nodes[0]["name"],
            "repositoryLocationName": nodes[0]["location"]["name"],
        }

    def ask(self, query: str, **variables: object) -> dict:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)["data"]

    def nodes(self) -> list:
        try:
            return self.ask(NODES)["repositoriesOrError"].get("nodes") or []
        except OSError:
            return []

    def run(self, job: str) -> float:
        begun = time.monotonic()
        params = {"selector": {**self.repository, "jobName": job}, "runConfigData": {}}
        launched = self.ask(LAUNCH, params=params)["launchRun"]
        if launched["__typename"] != "LaunchRunSuccess":
            raise SystemExit(f"{job}: {launched}")
        while True:
            status = self.ask(STATUS, id=launched["run"]["runId"])["runOrError"]["status"]
            if status == "SUCCESS":
                return time.monotonic() - begun
            if status in {"FAILURE", "CANCELED"}:
                raise SystemExit(f"{job} ended as {status}.")
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            time.sleep(2)
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def measure(host: str, project: Path, job: str, runs: int, pause: float) -> list[float]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = Server(host, project, Path(folder) / "home")
        try:
            first = server.run(job)
            found = []
            for _ in range(runs):
                time.sleep(pause)
                found.append(server.run(job))
        finally:
            server.stop()
    print(f"  {host:<30} {statistics.median(found):6.2f} s   of {runs}: {min(found):.2f} to {max(found):.2f}; first {first:.2f}")
    return found


def compare(title: str, project: Path, job: str, options: argparse.Namespace) -> None:
    print(f"\n{title}")
    medians = {}
    for host in HOSTS:
        if options.hosts and host not in options.hosts:
            continue
        folder = project if host.startswith("dagma") else HERE
        runs = options.runs if host.startswith("dagma") else options.python_runs
        medians[host] = statistics.median(measure(host, folder, job, runs, options.pause))
    for host, median in medians.items():
        if host != "dagma" and "dagma" in medians:
            print(f"  {host} / dagma: {median / medians['dagma']:.1f}")


LOAD = "import time, {module} as found; found.defs.get_repository_def().load_all_definitions()"


def load_seconds(module: str, project: Path, environment: dict[str, str]) -> float:
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", LOAD.format(module=module)],
        cwd=project,
        env={**os.environ, "BENCH_ASSETS": "1000", **environment},
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return time.monotonic() - begun


def compare_loading(rounds: int) -> None:
    print("\n1,000 assets: a process that loads the code location")
    bench = HERE / "project"
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "manifest.json"
        # The command line that the project would use, through the package's own way of finding it.
        code = (
            "from dagma.manifest.build import _build; from dagma.project import find_project; import sys;"
            "sys.stdout.write(_build(find_project()))"
        )
        text = subprocess.run(
            [sys.executable, "-c", code],
            cwd=bench,
            env={**os.environ, "BENCH_ASSETS": "1000"},
            check=True,
            capture_output=True,
        ).stdout
        manifest.write_bytes(text)
        kinds = {
            "python": ("python_assets", HERE, {}),
            "dagma, manifest generated": ("dagma.definitions", bench, {}),
            "dagma, manifest built before": ("dagma.definitions", bench, {"DAGMA_MANIFEST": str(manifest)}),
        }
        found: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(rounds):
            for kind, (module, project, environment) in kinds.items():
                found[kind].append(load_seconds(module, project, environment))
    medians = {kind: statistics.median(times) for kind, times in found.items()}
    for kind, median in medians.items():
        print(f"  {kind:<30} {median:6.2f} s   {median / medians['python']:.2f} times Python's")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="npm run bench -- dagster",
        epilog=f"{POSTGRES}=postgresql://user:password@host/database adds a row, 'dagma, PostgreSQL'. Give it an empty "
        "database: Dagster makes its tables there, and the runs stay in it. It needs dagster-postgres beside Dagster.",
    )
    parser.add_argument("--runs", type=int, default=9, help="runs of each Dagma host")
    parser.add_argument("--python-runs", type=int, default=9, help="runs of each Python host")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between runs")
    parser.add_argument("--only", choices=["chain", "rag", "fan", "load"], help="one of the comparisons")
    parser.add_argument("--hosts", action="append", choices=list(HOSTS), help="only these; may be given several times")
    options = parser.parse_args()
    if os.environ.get(POSTGRES) and importlib.util.find_spec("dagster_postgres") is None:
        parser.error(f"{POSTGRES} is set, but {sys.executable} has no dagster-postgres. Install it there.")
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f}{'' if load < 0.5 else ': NOT IDLE, figures are too high'}")
    if options.only in {None, "chain"}:
        compare("3 trivial assets, one after the other: launch to SUCCESS", HERE / "project", "chain_job", options)
    if options.only in {None, "rag"}:
        compare("run_llm_rag_job, 3 assets: launch to SUCCESS", ROOT / "examples/platform", "run_llm_rag_job", options)
    if options.only in {None, "fan"}:
        compare("16 independent one-second assets: launch to SUCCESS", HERE / "project", "fan_job", options)
    if options.only in {None, "load"}:
        compare_loading(5)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main()
