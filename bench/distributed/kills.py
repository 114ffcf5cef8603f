"""Kills workers of Celery or of the pool, their processes, Node workers and runs at random; counts what came of it.

Every kill meets a run of its own. A run must end, as SUCCESS with each asset materialized once, or as FAILURE; no asset
is materialized twice, none long after its run has ended, and no process is left. Prints a line for each kill; the exit
code is 1 when something was wrong.
"""

import argparse
import collections
import os
import random
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import dagster as dg
from measure import Hosts, redis, stop
from pool import PoolHosts, database

VICTIMS = ("machine", "worker", "process", "node", "run")
JOB, STEPS = "kill_job", 8
LIMIT = 200


def parents() -> dict[int, int]:
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = stat.read_text().partition(" (")
            state, parent = rest.rpartition(") ")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            found[int(pid)] = int(parent)
    return found


def below(root: int, tree: dict[int, int]) -> list[int]:
    children = [pid for pid, parent in tree.items() if parent == root]
    return [*children, *(one for child in children for one in below(child, tree))]


class Supervised:
    """A worker that is started again when it has ended, as by systemd."""

    def __init__(self, hosts: Hosts, name: str) -> None:
        self.hosts, self.name, self.stopping = hosts, name, False
        self.process = self._start()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _start(self):
        log = (self.hosts.home / f"{self.name}.log").open("ab")
        environment, folder = self.hosts.environment, self.hosts.folders[self.name]
        return subprocess.Popen(
            [sys.executable, *self._command()],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _command(self) -> list[str]:
        command = ["-m", "dagster_celery.cli", "worker", "start", "-A", "dagma.celery", "-y"]
        return [*command, str(self.hosts.settings["warm"]), "--", "--concurrency", "1"]

    def _watch(self) -> None:
        while not self.stopping:
            if self.process.poll() is not None:
                self.process = self._start()
            time.sleep(0.2)

    def kill(self, victim: str) -> str:
        tree = parents()
        main = self.process.pid
        inner = below(main, tree)
        mains = self.main_processes(tree)
        children = [pid for pid in inner if tree[pid] == mains[-1]]
        nodes = [pid for pid in inner if tree[pid] in children]
        if victim == "machine":
            targets = [main, *inner]
        else:
            targets = {"worker": mains, "process": children, "node": nodes}[victim][:2]
        for pid in targets:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return f"{victim} of {self.name} ({len(targets)})"

    def main_processes(self, tree: dict[int, int]) -> list[int]:
        """`dagster-celery worker start` starts celery as a process of its own, which starts those of the tasks."""
        main = self.process.pid
        return [main, next((pid for pid, parent in tree.items() if parent == main), main)]

    def stop(self) -> None:
        self.stopping = True
        self.thread.join()
        stop(self.process)


class SupervisedPool(Supervised):
    """A pool of two workers."""

    def _command(self) -> list[str]:
        return ["-m", "dagma.pool", "start", "--workers", "2"]

    def main_processes(self, _tree: dict[int, int]) -> list[int]:
        """The supervisor is the parent of its workers."""
        return [self.process.pid]


def start_run(hosts: Hosts) -> int:
    """A process with the run, forked from this one, which has loaded everything that it needs."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        log = os.open(hosts.home / "runs.log", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.argv = ["dagster", "job", "execute", "-m", "both", "-j", JOB, "-c", str(hosts.settings["warm"])]
        code = 1
        try:
            runpy.run_module("dagster", run_name="__main__")
        except SystemExit as end:
            code = int(bool(end.code))
        finally:
            os._exit(code)
    return pid


def until(holds, limit: float):
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(0.1)
    return None


def ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def kinds_of(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> collections.Counter:
    return collections.Counter(entry.step_key for entry in instance.all_logs(run_id, of_type=kind))


def one_kill(instance: dg.DagsterInstance, hosts: Hosts, workers: list[Supervised], chance: random.Random):
    before = {run.run_id for run in instance.get_runs()}
    pid = start_run(hosts)
    run = until(lambda: next((one for one in instance.get_runs() if one.run_id not in before), None), LIMIT)
    started = until(
        lambda: kinds_of(instance, run.run_id, dg.DagsterEventType.STEP_START) or ended_early(instance, run), LIMIT
    )
    problems = [] if started else ["no step began"]
    time.sleep(chance.uniform(0, 4))
    victim = chance.choice(VICTIMS)
    if victim == "run":
        killed = "run"
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if not instance.get_run_by_id(run.run_id).is_finished:
            instance.report_run_failed(run, "killed")  # as Dagster's run monitoring does
    else:
        killed = chance.choice(workers).kill(victim)
        if not until(lambda: ended(pid), LIMIT):
            problems.append("the run does not end")
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            instance.report_run_failed(run, "stuck")
    return run.run_id, killed, problems, time.time()


def ended_early(instance: dg.DagsterInstance, run) -> bool:
    return instance.get_run_by_id(run.run_id).is_finished


def check(instance: dg.DagsterInstance, run_id: str, over: float) -> list[str]:
    run = instance.get_run_by_id(run_id)
    made = kinds_of(instance, run_id, dg.DagsterEventType.ASSET_MATERIALIZATION)
    succeeded = kinds_of(instance, run_id, dg.DagsterEventType.STEP_SUCCESS)
    problems = [f"{step} materialized {times} times" for step, times in made.items() if times > 1]
    problems += [f"{step} succeeded {times} times" for step, times in succeeded.items() if times > 1]
    if run.status is dg.DagsterRunStatus.SUCCESS:
        problems += [] if len(made) == len(succeeded) == STEPS else [f"SUCCESS with {len(succeeded)} of {STEPS} steps"]
    elif run.status is not dg.DagsterRunStatus.FAILURE:
        problems.append(f"ended as {run.status.value}")
    late = [
        entry.step_key
        for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        if entry.timestamp > over + 10
    ]
    return problems + [f"{step} was materialized long after the end of its run" for step in late]


def left_processes(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder) and int(process.name) != os.getpid():
                found.append((process / "cmdline").read_text().replace("\0", " ")[:120])
        except (OSError, ValueError):
            continue
    return [line for line in found if line and "redis-server" not in line]


def main() -> int:
    parser = argparse.ArgumentParser(prog="npm run bench -- distributed kills")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--pool", action="store_true", help="of the worker pool, instead of Celery")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    chance, bad = random.Random(seed), 0
    folder = Path(tempfile.mkdtemp())
    with database() if options.pool else redis(folder) as address:
        hosts = PoolHosts(folder, address) if options.pool else Hosts(folder, address)
        os.environ.update(hosts.environment)
        os.chdir(hosts.folders["run"])
        sys.path[:0] = hosts.environment["PYTHONPATH"].split(os.pathsep)
        import both

        both.defs.get_repository_def().get_all_jobs()
        outcomes = collections.Counter()
        worker = SupervisedPool if options.pool else Supervised
        workers = [worker(hosts, name) for name in ("first", "second")]
        runs = []
        try:
            for number in range(1, options.kills + 1):
                with dg.DagsterInstance.from_config(str(hosts.home)) as instance:
                    run_id, killed, problems, over = one_kill(instance, hosts, workers, chance)
                    runs.append((run_id, over))
                    status = instance.get_run_by_id(run_id).status.value
                outcomes[f"{killed.split()[0]}: {status}"] += 1
                bad += bool(problems)
                print(f"{number:4} {killed:<24} {status:<8} {'; '.join(problems)}")
        except KeyboardInterrupt:
            pass  # what has been killed until now is checked
        finally:
            time.sleep(12)
            for worker in workers:
                worker.stop()
        with dg.DagsterInstance.from_config(str(hosts.home)) as instance:
            wrong = {run_id: found for run_id, over in runs if (found := check(instance, run_id, over))}
        until(lambda: not left_processes(folder), 30)
        left = left_processes(folder)
    for run_id, found in wrong.items():
        print(f"{run_id}: {'; '.join(found)}")
    for line in left:
        print(f"left: {line}")
    print(f"seed {seed}: {len(runs)} kills, {bad} stuck, {len(wrong)} runs wrong, {len(left)} processes left")
    for outcome, times in sorted(outcomes.items()):
        print(f"  {outcome}: {times}")
    ok = not (bad or wrong or left)
    if ok:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"see {folder}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
