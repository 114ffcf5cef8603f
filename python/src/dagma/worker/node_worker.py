"""A Node worker: the process that runs a project's TypeScript, for one run at a time, started, watched and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

from dagma.errors import StepError, WorkerDiedError, WorkerStartError
from dagma.process import dies_with_this_process, how_it_ended, is_stopped
from dagma.worker.channel import Channel
from dagma.worker.output import OutputPump

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagma.project import Project, Toolchain

WORKER_FD_ENV = "DAGMA_WORKER_FD"
"""Tells the worker the number of the descriptor that its end of the channel has."""

START_TIMEOUT = 120.0
"""Seconds in which a worker must have loaded the definitions."""

_CLOSE_GRACE = 12.0
"""Seconds a worker has to close its resources and go, when its steps have all ended; resources alone have ten."""

_GRACE = 2.0
"""Seconds it has when it has not loaded yet, and again after SIGTERM."""

_STUCK_GRACE = 0.5
"""Seconds it has when a step did not end though it was asked to, and again after SIGTERM."""

_STOPPED_LIMIT = 60.0
"""Seconds that the worker may be stopped, by SIGSTOP, before its steps fail: perhaps nobody lets it continue."""

_LOOK = 5.0
"""Seconds between checks whether it is stopped. A worker that is busy, however long, is not."""


class NodeWorker:
    """One running `dagma worker`.

    It leads its own process group, so Ctrl-C in a terminal reaches only the run, which then cancels its steps. When
    the run's process dies the channel's end of file tells the worker to go, and on Linux the kernel kills it: a step
    that keeps Node busy without a pause would never see the end of file.
    """

    def __init__(self, project: Project, tools: Toolchain) -> None:
        self._project = project
        self._exited = threading.Event()
        self._closing = False
        self._stuck = False
        self._killed_because: str | None = None
        self._connection, theirs = socket.socketpair()
        started: Future[subprocess.Popen[bytes]] = Future()
        life = threading.Thread(target=self._live, args=(tools, theirs, started), name="dagma-worker", daemon=True)
        try:
            with theirs:
                life.start()
                self._process = started.result()
        except BaseException:
            self._connection.close()
            raise
        assert self._process.stdout is not None  # noqa: S101
        assert self._process.stderr is not None  # noqa: S101
        self._stdout = OutputPump(self._process.stdout, 1)
        self._stderr = OutputPump(self._process.stderr, 2)
        self.channel = Channel(self._connection, self._describe_end)
        threading.Thread(target=self._end_when_stopped, name="dagma-worker-stopped", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id, which is the id of its process group too."""
        return self._process.pid

    def wait_ready(self) -> None:
        """Waits until the definitions are loaded; raises why they could not be."""
        if not self.channel.wait_ready(START_TIMEOUT):
            message = (
                f"The Node worker did not load the definitions of {self._project.root} within {START_TIMEOUT:.0f} s. "
                "Loading them does not finish: run `npx dagma build` there to see why."
            )
            raise WorkerStartError(message)

    def drain_output(self) -> None:
        """Writes out everything the worker has printed until now."""
        for pump in (self._stdout, self._stderr):
            pump.drain(partial=self.channel.idle)

    def release_output(self, *, beside_events: bool) -> None:
        """Writes out what the worker has printed, and will print: its run has begun, with its compute logs."""
        for pump in (self._stdout, self._stderr):
            pump.release(beside_events=beside_events)

    def kill(self, reason: str) -> None:
        """Ends the worker at once; its steps fail with the reason."""
        self._killed_because = reason
        self._signal(signal.SIGKILL)

    def give_up_on_steps(self) -> None:
        """Notes that a step did not end when it was asked to, so waiting long for the worker is pointless."""
        self._stuck = True

    def end_run(self) -> str | None:
        """Ends the run that the worker serves; gives the reason why it must not serve another, if there is one."""
        if self._stuck:
            return "a step did not end when it was asked to"
        reason = self.channel.end_run(_CLOSE_GRACE)
        for pump in (self._stdout, self._stderr):
            pump.drain(partial=True)
            pump.forget_tail()
        return reason

    def close(self) -> None:
        """Ends the worker and everything that it started: end of file first, then SIGTERM, then SIGKILL."""
        self._closing = True
        try:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_WR)
            grace = _STUCK_GRACE if self._stuck else _CLOSE_GRACE if self.channel.was_ready else _GRACE
            if not self._exited.wait(grace):
                self._signal(signal.SIGTERM)
                self._exited.wait(_STUCK_GRACE if self._stuck else _GRACE)
        finally:
            self._signal(signal.SIGKILL)
            self._exited.wait(_GRACE)
            self.channel.join(_GRACE)
            self._connection.close()
            for pump in (self._stdout, self._stderr):
                pump.close(_GRACE)

    def _signal(self, number: signal.Signals) -> None:
        # Also after the leader's own end: what its steps have started may live on in the group. PermissionError is
        # what macOS says about a group of which only an unreaped process is left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _live(self, tools: Toolchain, theirs: socket.socket, started: Future[subprocess.Popen[bytes]]) -> None:
        """Starts the process and waits for its end in one thread: the kernel's promise to kill it is the thread's."""
        try:
            process = subprocess.Popen(
                [tools.node, tools.cli, "worker"],
                cwd=self._project.root,
                env={**os.environ, WORKER_FD_ENV: str(theirs.fileno())},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                preexec_fn=dies_with_this_process(),  # noqa: PLW1509  # see there
            )
        except BaseException as error:  # noqa: BLE001  # for the thread that waits
            started.set_exception(error)
            return
        started.set_result(process)
        process.wait()
        self._exited.set()
        # A process that the worker has started may hold a copy of its end; this ends the messages nevertheless.
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RD)

    def _end_when_stopped(self) -> None:
        since = None
        while not self._exited.wait(_LOOK):
            now = time.monotonic()
            since = (since or now) if is_stopped(self.pid) else None
            if since is not None and now - since >= _STOPPED_LIMIT:
                self.kill(f"it was stopped (SIGSTOP), and did not continue for {_STOPPED_LIMIT:.0f} s")
                return

    def _describe_end(self) -> Callable[[], StepError]:
        self._exited.wait(_GRACE)
        for pump in (self._stdout, self._stderr):
            pump.drain(partial=True)
        code = self._process.returncode
        how = "closed its channel, but still runs" if code is None else how_it_ended(code)
        if self._killed_because is not None:
            how = f"was ended: {self._killed_because}"
        tail = self._stderr.tail()
        printed = f"\nIts last output on stderr:\n{tail}" if tail else " It printed nothing to stderr."
        if not self.channel.was_ready:
            text = f"The Node worker could not load the definitions of {self._project.root}: it {how}.{printed}"
            return lambda: WorkerStartError(text)
        if self._closing:
            return lambda: WorkerDiedError("The run ended, and its Node worker with it.")
        if self._killed_because is not None:
            ended = f"The Node worker of this run was ended, with the steps that it ran: {self._killed_because}."
            return lambda: WorkerDiedError(ended)
        text = f"The Node worker of this run {how} before the step ended.{printed}"
        return lambda: WorkerDiedError(text)
