"""Measures steps on the worker pool by the events of their runs; prints seconds.

Needs a PostgreSQL server, in DAGMA_TEST_POSTGRES, whose user may create databases. The figures are of one run of this
program: a chain of single steps, in TypeScript and empty in Python, and many steps of 10 ms at once.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
from measure import Hosts, length, running


@contextmanager
def database():
    server = os.environ["DAGMA_TEST_POSTGRES"]
    name = f"dagma_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class PoolHosts(Hosts):
    """One folder with the project, and an instance in PostgreSQL."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, "")
        storage = {"postgres": {"postgres_url": url}}
        (self.home / "dagster.yaml").write_text(json.dumps({"telemetry": {"enabled": False}, "storage": storage}))
        (self.home / "pool.yaml").write_text("{}")
        self.settings = {"pool": self.home / "pool.yaml", "warm": self.home / "pool.yaml"}
        self.environment["DAGMA_BENCH_EXECUTOR"] = "worker-pool"

    @contextmanager
    def pool(self, workers: int):
        options = {"cwd": self.folders["run"], "env": self.environment}
        with running(sys.executable, "-m", "dagma.pool", "start", "--workers", str(workers), **options):
            yield


def dispatch(events: dict) -> list[float]:
    """Seconds of each step from when it is put into the queue until Dagster has its success."""
    return [events["STEP_SUCCESS"][step] - at for step, at in events["STEP_WORKER_STARTING"].items()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="npm run bench -- distributed pool")
    parser.add_argument("--rounds", type=int, default=3, help="runs of the chains")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1000, help="steps of 10 ms")
    options = parser.parse_args()
    os.environ["DAGMA_BENCH_STEPS"] = str(options.steps)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f}{'' if load < 0.5 else ': NOT IDLE, figures are too high'}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, database() as url:
        hosts = PoolHosts(Path(folder), url)
        with hosts.pool(options.workers):
            found = {"py_chain_job": [], "chain_job": []}
            for job in ("py_fan_job", "fan_job", "fan_job"):  # every worker loads the definitions and starts Node
                hosts.execute("pool", job)
            for _ in range(options.rounds):
                for job, values in found.items():
                    values += dispatch(hosts.execute("pool", job))
            print(f"\nA trivial step, from the queue to STEP_SUCCESS, {options.workers} workers")
            for job, values in found.items():
                p95 = sorted(values)[int(len(values) * 0.95)]
                print(f"  {job:<14} median {statistics.median(values):.2f} s, p95 {p95:.2f} s, of {len(values)}")
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.monotonic()
            (seconds,) = length(hosts.execute("pool", "many_job"))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(
                f"\n{options.steps} steps of 10 ms: {seconds:.1f} s from start to SUCCESS, {time.monotonic() - began:.1f} s with the process;"
            )
            print(f"  the process that hands steps out used {own:.1f} s of processor time")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main()
