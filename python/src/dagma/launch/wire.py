"""Messages between launcher, preload process and run workers: JSON lines over a socket, with a descriptor or none."""

from __future__ import annotations

import json
import os
import socket
from collections import deque
from typing import Any

_CHUNK = 65_536
_MOST_DESCRIPTORS = 16


class Wire:
    """One end; every message is a JSON object on a line, and may carry one descriptor, announced by `"fd": true`."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._text = b""
        self._descriptors: deque[int] = deque()

    def fileno(self) -> int:
        """For select and its like."""
        return self._connection.fileno()

    def send(self, message: dict[str, Any], descriptor: int | None = None) -> bool:
        """Sends a message; false when the other end is gone."""
        line = json.dumps({**message, "fd": descriptor is not None}, separators=(",", ":")).encode() + b"\n"
        try:
            if descriptor is None:
                self._connection.sendall(line)
            else:
                sent = socket.send_fds(self._connection, [line], [descriptor])
                self._connection.sendall(line[sent:])
        except OSError:
            return False
        return True

    def receive(self) -> list[tuple[dict[str, Any], int | None]] | None:
        """Waits for messages, each with its descriptor; nothing when the other end is gone."""
        while b"\n" not in self._text:
            try:
                chunk, descriptors, _, _ = socket.recv_fds(self._connection, _CHUNK, _MOST_DESCRIPTORS)
            except OSError:
                return None
            self._descriptors.extend(descriptors)
            if not chunk:
                return None
            self._text += chunk
        *lines, self._text = self._text.split(b"\n")
        messages = [json.loads(line) for line in lines]
        return [(message, self._descriptors.popleft() if message["fd"] else None) for message in messages]

    def close(self) -> None:
        """Closes this end, and descriptors that nobody took."""
        self._connection.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())
