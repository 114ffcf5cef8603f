"""The process from which run workers are forked: Dagster, the definitions and the instance are loaded before.

`python -m dagma.launch.preload` is started by the launcher, one for each manifest, and lives as long as the launcher's
end of their socket; then it waits for the runs it has started. It has one thread, so that forking is safe, and speaks
to nothing: a run worker that died is reported by a process forked for that.

A run worker is `spare` (forked, Node started, no run), `running` (has its run), and gone; nothing else.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

import dagster as dg

from dagma import _compat
from dagma.defs.load import DIGEST_METADATA
from dagma.launch import run_worker
from dagma.launch._compat import load_repository, load_what_runs_need
from dagma.launch.child import Child
from dagma.launch.death_report import cause_of_death, report_death
from dagma.launch.wire import Wire
from dagma.project import find_project, find_toolchain
from dagma.storage.migration_scripts import keep_migration_scripts

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagma.project import Project

_SPARE_DELAY = 1.0
"""Seconds after a launch in which no new spare is started, unless the run ends before: it would slow the run down."""


class Preload:
    """Forks run workers, hands runs to them, and notices when they die."""

    def __init__(self, control: Wire, instance: dg.DagsterInstance, project: Project) -> None:
        self._control = control
        self._instance = instance
        self._project = project
        self._children: dict[int, Child] = {}
        self._spare: Child | None = None
        self._spare_due: float | None = 0.0
        self._reporters: set[int] = set()
        self._draining = False
        self._wakeup, wakeup = socket.socketpair()
        self._wakeup.settimeout(0)
        wakeup.settimeout(0)
        signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
        self._wakeup_writer = wakeup
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._drain)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Until there is no launcher and no run worker any more."""
        while not self._draining or self._children or self._reporters:
            self._wait()
            self._reap()
            self._maintain_spare()

    def _wait(self) -> None:
        poll = select.poll()
        if not self._draining:
            poll.register(self._control.fileno(), select.POLLIN)
        poll.register(self._wakeup.fileno(), select.POLLIN)
        children = {child.channel.fileno(): child for child in self._children.values() if child.node is None}
        for descriptor in children:
            poll.register(descriptor, select.POLLIN)
        due = None if self._spare_due is None or self._draining else max(0, self._spare_due - time.monotonic()) * 1000
        for descriptor, _ in poll.poll(due):
            if descriptor == self._wakeup.fileno():
                with contextlib.suppress(BlockingIOError):
                    self._wakeup.recv(4096)
            elif descriptor in children:
                children[descriptor].read()
            elif not self._draining:
                self._read_requests()

    def _read_requests(self) -> None:
        messages = self._control.receive()
        if messages is None:
            self._drain()
            return
        for message, reply_fd in messages:
            if reply_fd is not None:
                self._launch(message, reply_fd)
                os.close(reply_fd)

    def _launch(self, launched: dict[str, Any], reply_fd: int) -> None:
        child, self._spare = self._spare, None
        if child is None or not child.take_run(launched, reply_fd):
            self._fork_worker().take_run(launched, reply_fd)
        self._spare_due = time.monotonic() + _SPARE_DELAY

    def _drain(self, *_: object) -> None:
        """Takes no more runs; those that continue are waited for."""
        self._draining = True

    def _maintain_spare(self) -> None:
        if self._draining:
            if self._spare is not None:
                self._spare.dismiss()
                self._spare = None
        elif self._spare_due is not None and time.monotonic() >= self._spare_due:
            self._spare_due = None
            self._spare = self._spare or self._fork_worker()

    def _fork_worker(self) -> Child:
        ours, theirs = socket.socketpair()

        def body() -> int:
            ours.close()
            return run_worker.main(Wire(theirs), self._instance, self._project)

        pid = self._fork(body)
        theirs.close()
        child = self._children[pid] = Child(pid, Wire(ours))
        return child

    def _fork(self, body: Callable[[], int]) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            code = run_worker.RUN_LOST
            try:
                signal.set_wakeup_fd(-1)
                for channel in (self._control, *(child.channel for child in self._children.values())):
                    channel.close()
                self._wakeup.close()
                self._wakeup_writer.close()
                code = body()
            except BaseException:  # noqa: BLE001  # there is nobody to raise it to
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)  # nothing that the preload process has registered to happen at its own exit
        return pid

    def _reap(self) -> None:
        for pid in [*self._children, *self._reporters]:
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended, status = pid, 0
            if ended == 0:
                continue
            self._reporters.discard(pid)
            child = self._children.pop(pid, None)
            if child is not None:
                self._on_exit(child, os.waitstatus_to_exitcode(status))

    def _on_exit(self, child: Child, code: int) -> None:
        child.read_remaining()
        child.channel.close()
        if child is self._spare:
            self._spare = None  # started again when a run has needed one
        if code != run_worker.RUN_ENDED and child.node is not None:
            child.node.kill_group()
        if child.run_id is not None:
            if self._spare is None and self._spare_due is not None:
                self._spare_due = time.monotonic()
            if code != run_worker.RUN_ENDED:
                run_id = child.run_id
                self._reporters.add(
                    self._fork(lambda: report_death(self._instance, run_id, cause_of_death(child, code)))
                )


def main() -> NoReturn:
    """Loads, says so, and serves."""
    control = Wire(socket.socket(fileno=int(sys.argv[1])))
    try:
        messages = control.receive()
        if messages is None:
            sys.exit(0)
        settings: dict[str, Any] = messages[0][0]
        keep_migration_scripts()
        instance = _compat.open_instance(settings["instance"])
        instance.get_latest_materialization_event(dg.AssetKey("dagma"))  # opens the event log's index, for all forks
        metadata = load_repository(settings["repository"])
        project = find_project()
        find_toolchain(project)  # asks Node for its version, once for all
        load_what_runs_need(instance)
    except BaseException as error:  # noqa: BLE001  # the launcher says it, and launches in Dagster's own way
        control.send({"type": "failed", "reason": f"{type(error).__name__}: {error}"})
        sys.exit(1)
    digest = metadata.get(DIGEST_METADATA)
    control.send({"type": "ready", "digest": None if digest is None else digest.value})
    gc.collect()
    gc.freeze()
    Preload(control, instance, project).serve()
    sys.exit(0)


if __name__ == "__main__":
    main()
