"""The process that starts the workers of the pool on this machine, and starts another one for each that dies."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

import dagster as dg

from dagma.errors import LoadError
from dagma.manifest.build import read_manifest
from dagma.pool.queue import Queue, connected, conninfo, expect_installed, fail_steps_of
from dagma.process import how_it_ended
from dagma.project import find_project
from dagma.worker.preload import preload_definitions

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_PAUSE = 1.0
"""Seconds before another worker takes the place of one that died."""


class Pool:
    """The workers of this machine."""

    def __init__(self, queues: Sequence[str], database: str, digests: dict[str, str | None]) -> None:
        self._queues = queues
        self._database = database
        self._digests = digests
        self._names: dict[int, str] = {}
        self._is_draining = False

    def run(self, workers: int) -> int:
        """Keeps this many workers until SIGTERM or SIGINT; then waits for the steps in hand."""
        for number in _SIGNALS:
            signal.signal(number, self._drain)
        for _ in range(workers):
            self._start()
        while self._names:
            pid, status = os.wait()
            name = self._names.pop(pid, None)
            if name is None:
                continue
            code = os.waitstatus_to_exitcode(status)
            if code != 0:
                _say(f"Worker {name} (process {pid}) {how_it_ended(code)}.")
                self._fail_steps_of(name)
            if not self._is_draining:
                time.sleep(_PAUSE)
                self._start()
        return 0

    def _start(self) -> None:
        if self._is_draining:
            return
        name = f"{socket.gethostname()}-{uuid.uuid4().hex[:6]}"
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid == 0:
            _become_worker(name, self._queues, self._digests)
        self._names[pid] = name
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _drain(self, number: int, _frame: object) -> None:
        again, self._is_draining = self._is_draining, True
        if not again:
            _say(f"{signal.Signals(number).name}: no more steps are taken, and those in hand are finished.")
        for pid in self._names:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if again else signal.SIGTERM)

    def _fail_steps_of(self, name: str) -> None:
        try:
            with connected(self._database) as connection:
                fail_steps_of(connection, name)
        except LoadError as error:  # its lease ends all the same
            _say(str(error))


def run_pool(workers: int, queues: Sequence[str]) -> int:
    """Runs the pool of this machine until it is drained."""
    expect_installed()
    with dg.DagsterInstance.get() as instance:
        database = conninfo(instance)
        Queue(instance).close()  # creates its tables
    preload_definitions()
    try:
        digests = asdict(read_manifest(find_project()).digests)
    except LoadError:
        digests = {}
    _say(f"{workers} workers take steps from {', '.join(queues)}.")
    return Pool(queues, database, digests).run(workers)


def _become_worker(name: str, queues: Sequence[str], digests: dict[str, str | None]) -> None:
    """In the new process, which never returns into the supervisor's code."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the supervisor, which drains its workers
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        from dagma.pool.worker import WorkerDescription, quiet_library, serve  # noqa: PLC0415

        quiet_library()
        details = {"host": socket.gethostname(), "pid": os.getpid(), "digests": digests}
        serve(WorkerDescription(name, queues, details))
        code = 0
    except BaseException as error:  # noqa: BLE001  # the process ends here
        _say(f"Worker {name} cannot continue: {type(error).__name__}: {error}")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
