"""The launcher's side of a preload process: starts it, gives it runs, lets it go."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from dagma.launch.wire import Wire
from dagma.project import PROJECT_ENV

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOAD_TIMEOUT = 180.0
"""Seconds in which a preload process must have loaded the definitions."""

_ACCEPT_TIMEOUT = 60.0
"""Seconds in which a run worker must have taken a run."""


class PreloadError(Exception):
    """The preload process could not do it; nobody runs the run."""


class PreloadProcess:
    """A running `python -m dagma.launch.preload`, its definitions loaded."""

    def __init__(self, settings: Mapping[str, str], project_root: str) -> None:
        ours, theirs = socket.socketpair()
        self._control = Wire(ours)
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dagma.launch.preload", str(theirs.fileno())],
                env={**os.environ, PROJECT_ENV: project_root},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._control.send(dict(settings))  # not on the command line: an instance's settings may hold a password
        ours.settimeout(_LOAD_TIMEOUT)
        messages = self._control.receive()
        ours.settimeout(None)
        if messages is None or messages[0][0]["type"] != "ready":
            self._process.kill()
            self._process.wait()
            self._control.close()
            said = "it ended" if messages is None else messages[0][0]["reason"]
            message = f"the preload process failed: {said}"
            raise PreloadError(message)
        self.digest: str | None = messages[0][0]["digest"]

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process is there; one that has ended is reaped."""
        return self._process.poll() is None

    def launch(self, run_id: str, *, resumes: bool) -> None:
        """Returns when a run worker has the run; a `PreloadError` means that none has it, nor will have."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, self._lock:
                sent = self._control.send({"type": "launch", "run_id": run_id, "resumes": resumes}, theirs.fileno())
            ours.settimeout(_ACCEPT_TIMEOUT)
            if not sent or Wire(ours).receive() is None:
                message = f"the preload process (pid {self.pid}) is gone or did not start a run worker"
                raise PreloadError(message)

    def retire(self) -> None:
        """Takes no more runs; the process ends with its last run."""
        self._control.close()
        threading.Thread(target=self._process.wait, name="dagma-preload-exit", daemon=True).start()
