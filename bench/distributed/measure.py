"""Measures steps on Celery workers by the events of their runs; prints seconds and ratios.

Each host is a folder with a copy of the project and one Celery worker with one process. All figures are of one run of
this program: a warm worker, a worker of dagster-celery's own app, and Python steps on the same worker.
"""

import argparse
import importlib.util
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
APPS = {"warm": "dagma.celery", "cold": "dagster_celery.app"}


def stop(process: subprocess.Popen) -> None:
    """Ends the process and what it has started."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
        time.sleep(1)
        os.killpg(process.pid, signal.SIGKILL)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


@contextmanager
def running(*command: str, **options):
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **options
    )
    try:
        yield process
    finally:
        stop(process)


@contextmanager
def redis(folder: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)):
        yield f"redis://127.0.0.1:{port}"


class Hosts:
    """Folders with the project, and the settings that all of them share."""

    def __init__(self, folder: Path, broker: str) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        (self.home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        with dg.DagsterInstance.from_config(str(self.home)):
            pass  # makes its tables, before several processes would at the same time
        self.settings = {}
        for number, app in enumerate(APPS):
            config = {"broker": f"{broker}/{2 * number}", "backend": f"{broker}/{2 * number + 1}"}
            self.settings[app] = self.home / f"{app}.yaml"
            self.settings[app].write_text(json.dumps({"execution": {"config": config}}))
        self.folders = {name: self._copy(folder / name) for name in ("run", "first", "second")}
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT / "python" / "src")]),
            "DAGSTER_HOME": str(self.home),
        }

    def _copy(self, folder: Path) -> Path:
        shutil.copytree(HERE / "project", folder)
        (folder / "node_modules").mkdir()
        (folder / "node_modules" / "dagma").symlink_to(ROOT / "packages" / "dagma")
        return folder

    @contextmanager
    def workers(self, *names: str):
        """A worker of each app in each of the folders; they have queues of their own."""
        command = ["-m", "dagster_celery.cli", "worker", "start", "-A"]
        with ExitStack() as stack:
            for name in names:
                for app, module in APPS.items():
                    options = [module, "-y", str(self.settings[app]), "--", "--concurrency", "1"]
                    where = {"cwd": self.folders[name], "env": self.environment}
                    stack.enter_context(running(sys.executable, *command, *options, **where))
            yield

    def execute(self, app: str, job: str) -> dict:
        """Runs a job to its end in the folder `run`; gives its events by kind, as (step, time)."""
        command = ["job", "execute", "-m", "both", "-j", job, "-c", str(self.settings[app])]
        options = {"cwd": self.folders["run"], "env": self.environment, "capture_output": True, "text": True}
        done = subprocess.run([sys.executable, "-m", "dagster", *command], **options)
        if done.returncode != 0:
            raise SystemExit(f"{job} failed:\n{done.stdout}{done.stderr}")
        return self._events()

    def _events(self) -> dict:
        found = {}
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            (run,) = instance.get_runs(limit=1)
            for entry in instance.all_logs(run.run_id):
                if entry.dagster_event is not None:
                    kind = entry.dagster_event.event_type_value
                    if entry.user_message.startswith("Submitting celery task"):
                        kind = "SUBMITTED"
                    found.setdefault(kind, {})[entry.step_key] = entry.timestamp
        return found


def dispatch(events: dict) -> list[float]:
    """Seconds of each step from when it is put into the queue until Dagster has its success."""
    return [events["STEP_SUCCESS"][step] - at for step, at in events["SUBMITTED"].items()]


def length(events: dict) -> list[float]:
    return [events["PIPELINE_SUCCESS"][None] - events["PIPELINE_START"][None]]


def measure(hosts: Hosts, rounds: int, kinds: dict, figure) -> dict:
    """The figures of each kind, an app and a job: by turns, so that what else the machine does meets all of them."""
    found = {what: [] for what in kinds}
    for counts in [False] + [True] * rounds:  # the first steps load the definitions
        for what, (app, job) in kinds.items():
            events = hosts.execute(app, job)
            if counts:
                found[what] += figure(events)
    return found


def measure_dispatch(hosts: Hosts, rounds: int) -> None:
    print("\nA trivial step on a Celery worker, from the queue to STEP_SUCCESS; difference to an empty Python step")
    kinds = {
        "Python, empty": ("warm", "py_chain_job"),
        "Dagma, warm worker (-A dagma.celery)": ("warm", "chain_job"),
        "Dagma, Node per step (dagster-celery's app)": ("cold", "chain_job"),
    }
    with hosts.workers("first"):
        found = measure(hosts, rounds, kinds, dispatch)
    reference = statistics.median(found["Python, empty"])
    for what, values in found.items():
        median = statistics.median(values)
        p95 = sorted(values)[int(len(values) * 0.95)]
        print(f"  {what:<44} {median:5.2f} s  {median - reference:+.2f} s   of {len(values)}: p95 {p95:.2f}")


def measure_fan(hosts: Hosts, rounds: int) -> None:
    print("\n16 steps of one second over two Celery workers with folders of their own: start of the run to SUCCESS")
    kinds = {
        "Python": ("warm", "py_fan_job"),
        "Dagma, warm workers": ("warm", "fan_job"),
        "Dagma, Node per step": ("cold", "fan_job"),
    }
    with hosts.workers("first", "second"):
        found = measure(hosts, rounds, kinds, length)
    reference = statistics.median(found["Dagma, warm workers"])
    for what, values in found.items():
        median = statistics.median(values)
        print(f"  {what:<44} {median:5.2f} s   {median / reference:.2f} times the warm workers'")


def main() -> None:
    parser = argparse.ArgumentParser(prog="npm run bench -- distributed")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind, after one that is not counted")
    parser.add_argument("--only", choices=["dispatch", "fan"], help="one of the two comparisons")
    options = parser.parse_args()
    if importlib.util.find_spec("dagster_celery") is None:
        parser.error(f"{sys.executable} has no dagster-celery. Name a Python that has it in DAGMA_BENCH_PYTHON.")
    if shutil.which("redis-server") is None:
        parser.error("there is no redis-server. Install it.")
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f}{'' if load < 0.5 else ': NOT IDLE, figures are too high'}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, redis(Path(folder)) as broker:
        hosts = Hosts(Path(folder), broker)
        if options.only in {None, "dispatch"}:
            measure_dispatch(hosts, options.rounds)
        if options.only in {None, "fan"}:
            measure_fan(hosts, options.rounds)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main()
