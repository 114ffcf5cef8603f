"""The process of one run, forked from the preload process before its run is known: it starts Node, then waits."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma import _compat
from dagma.errors import LoadError
from dagma.launch._compat import execute_run
from dagma.launch.wire import Wire
from dagma.process import Identity
from dagma.storage.open_databases import databases_kept_open
from dagma.worker.spare import close_spares, drop_old_spare, start_spare

if TYPE_CHECKING:
    from dagma.project import Project

WORKER_TAG = ".dagster/dagma_worker"
"""The tag by which a run names its process. Tags that begin so are not shown."""

_WATCH_INTERVAL = 1.0
"""Seconds in which a termination is noticed that could not be sent as a signal: from another machine or container."""

RUN_ENDED, RUN_LOST = 0, 70
"""Exit codes: the run's end is in the event log; or that is not known."""


def main(channel: Wire, instance: dg.DagsterInstance, project: Project) -> int:
    """Waits for a run on `channel`, executes it, and gives the process's exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    gc.disable()  # until the run comes: the first collection would copy all memory that is still shared
    _start_node(channel, project)
    with databases_kept_open():
        _open_databases(instance)
        return _serve(channel, instance, project)


def _serve(channel: Wire, instance: dg.DagsterInstance, project: Project) -> int:
    messages = channel.receive()
    if messages is None:
        close_spares()
        return RUN_ENDED
    (message, reply_fd), *_ = messages
    if drop_old_spare(project):
        _start_node(channel, project)
    run_id: str = message["run_id"]
    with _compat.capture_interrupts():
        if not _accept(instance, run_id, reply_fd):
            close_spares()
            return RUN_ENDED
        _watch_for_termination(instance, run_id)
        gc.enable()
        return _execute(instance, run_id, channel, resumes=message["resumes"])


def _open_databases(instance: dg.DagsterInstance) -> None:
    """Reads as runs do: connections are open, and statements compiled, before a run waits for them."""
    nothing = dg.AssetKey("dagma")
    with contextlib.suppress(Exception):  # the run will say so, when it tries the same
        instance.get_run_by_id("dagma")
        instance.get_asset_records([nothing])
        instance.fetch_materializations(dg.AssetRecordsFilter(nothing), limit=1)


def _start_node(channel: Wire, project: Project) -> None:
    try:
        worker = start_spare(project)
    except (LoadError, OSError):
        return  # the run will say so, when it tries the same
    channel.send({"type": "node", "node": Identity.of(worker.pid).to_json()})


def _accept(instance: dg.DagsterInstance, run_id: str, reply_fd: int | None) -> bool:
    """Tells the launcher that the run is here; false when it has not waited for that."""
    identity = Identity.of(os.getpid()).to_json()
    try:
        instance.add_run_tags(run_id, {WORKER_TAG: json.dumps({**identity, "run_id": run_id})})
    except Exception as error:  # noqa: BLE001  # the launcher tries another way
        _print_error(f"Run {run_id} could not be accepted. {type(error).__name__}: {error}")
        return False
    if reply_fd is None:
        return True
    with socket.socket(fileno=reply_fd) as connection:
        return Wire(connection).send({"type": "accepted", "worker": identity})


def _execute(instance: dg.DagsterInstance, run_id: str, channel: Wire, *, resumes: bool) -> int:
    lost: BaseException | None = None
    try:
        execute_run(instance, run_id, resumes=resumes)
    except BaseException as error:  # noqa: BLE001  # the log of the process is the last place to say it
        lost = error
        _print_error(f"Run {run_id} ended with {type(error).__name__}: {error}")
    finally:
        close_spares()
    try:
        run = instance.get_run_by_id(run_id)
    except Exception as error:  # noqa: BLE001  # such as a full disk
        lost = lost or error
        _print_error(f"Run {run_id} may not have its end in the event log. {type(error).__name__}: {error}")
    else:
        if run is None or run.is_finished:
            return RUN_ENDED
    if lost is not None:
        channel.send({"type": "lost", "reason": _reason(lost)})
    return RUN_LOST


def _reason(error: BaseException) -> str:
    """The error in a line, without the statement that a database adds, and what is behind it most often."""
    name, text = type(error).__name__, str(error).partition("\n")[0].rstrip(".")
    is_storage = isinstance(error, OSError) or name == "OperationalError"  # SQLAlchemy's, which Dagster stores with
    hint = " Is the disk full on which Dagster keeps its storage?" if is_storage else ""
    return f"{name}: {text}.{hint}"


def _watch_for_termination(instance: dg.DagsterInstance, run_id: str) -> None:
    ended = {"CANCELING", "CANCELED", "FAILURE"}
    pause = threading.Event()

    def watch() -> None:
        while not pause.wait(_WATCH_INTERVAL):
            try:
                run: Any = instance.get_run_by_id(run_id)
            except Exception:  # noqa: BLE001, S112  # asked again in a second
                continue
            if run is None or run.status.value in ended:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    threading.Thread(target=watch, name="dagma-termination", daemon=True).start()


def _print_error(text: str) -> None:
    sys.stderr.write(f"dagma: {text}\n")
    sys.stderr.flush()
