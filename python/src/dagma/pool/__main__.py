"""`python -m dagma.pool start|list`: what `dagma worker-pool` and `dagma workers` start."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

import dagster as dg

from dagma.errors import LoadError
from dagma.pool.queue import DEFAULT_QUEUE, LEASE, Queue
from dagma.pool.supervisor import run_pool

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Runs the command; gives its exit code."""
    parser = argparse.ArgumentParser(prog="python -m dagma.pool")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="Execute steps of runs in warm processes, until SIGTERM.")
    start.add_argument("--workers", type=_positive, default=os.cpu_count() or 1, help="number of processes")
    start.add_argument("--queue", action="append", help="queue to take steps from; may be repeated")
    commands.add_parser("list", help="Print the workers of all machines as JSON.")
    options = parser.parse_args(arguments)
    try:
        if options.command == "start":
            return run_pool(options.workers, options.queue or [DEFAULT_QUEUE])
        with dg.DagsterInstance.get() as instance:
            print(json.dumps(_workers(instance)))  # noqa: T201
    except (LoadError, dg.DagsterError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        message = f"{number} is not a number of processes"
        raise argparse.ArgumentTypeError(message)
    return number


def _workers(instance: dg.DagsterInstance) -> list[dict[str, object]]:
    queue = Queue(instance)
    try:
        rows = queue.workers()
    finally:
        queue.close()
    return [
        {
            "name": row["name"],
            "host": row["details"]["host"],
            "pid": row["details"]["pid"],
            "state": "lost" if row["heartbeat_age"] > LEASE else "idle" if row["run_id"] is None else "running",
            "queues": row["details"]["queues"],
            "runId": row["run_id"],
            "step": row["step_key"],
            "digests": row["details"]["digests"],
            "ageSeconds": round(row["age"], 1),
        }
        for row in rows
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
