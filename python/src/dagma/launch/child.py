"""A run worker as its preload process knows it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagma.process import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagma.launch.wire import Wire


@dataclass
class Child:
    """Forked, with its Node started; it gets one run."""

    pid: int
    channel: Wire
    run_id: str | None = None
    node: Identity | None = None
    lost: str | None = None
    """Why it could not record its run's end."""

    def take_run(self, launched: Mapping[str, Any], reply_fd: int) -> bool:
        """Gives it its run; false when it is gone."""
        if not self.channel.send({**launched, "type": "run"}, reply_fd):
            return False
        self.run_id = launched["run_id"]
        return True

    def read(self) -> None:
        """Takes what it says."""
        for message, _ in self.channel.receive() or []:
            if message["type"] == "node":
                self.node = Identity.from_json(message["node"])
            elif message["type"] == "lost":
                self.lost = message["reason"]

    def read_remaining(self) -> None:
        """Takes what it may have said before it died."""
        poll = select.poll()
        poll.register(self.channel.fileno(), select.POLLIN)
        if poll.poll(0):
            self.read()

    def dismiss(self) -> None:
        """Ends it; it has no run."""
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)
