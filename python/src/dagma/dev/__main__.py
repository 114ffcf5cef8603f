"""`python -m dagma.dev`, started by `dagma dev`: `dagster dev`, which lives no longer than the process that started it.

Whatever way that process ends, its end of stdin closes with it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from dagma.dev import _compat

_GRACE = 20.0
"""Seconds that runs and services have to end before they are killed: code servers wait for a heartbeat, and longer."""


def _serve() -> None:
    parent_is_gone = threading.Event()
    ending = threading.Thread(target=_end_with_parent, args=(parent_is_gone,), name="dagma-dev-parent", daemon=True)
    ending.start()
    try:
        _compat.run_dagster_dev(sys.argv[1:], webserver="dagma.dev.webserver")
    finally:
        if parent_is_gone.is_set():
            ending.join()


def _end_with_parent(parent_is_gone: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    parent_is_gone.set()
    os.killpg(0, signal.SIGINT)  # as `dagma dev` does on Ctrl-C: runs that continue cancel their steps
    time.sleep(_GRACE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    _serve()
