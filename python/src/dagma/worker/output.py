"""Carries what the Node worker prints to the run's own stdout and stderr, line by line.

Dagster captures a run's output by putting a file under descriptors 1 and 2 while its steps run. A worker that had
inherited them at its start would keep the old ones, so its output is piped and written at the time of each line.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from typing import IO

_CHUNK = 65_536
_LONGEST_LINE = 1_048_576
_TAIL_LINES = 40
_MOST_HELD = 1_048_576
"""Bytes of lines that are held until the run captures its output; the newest are kept."""

_TAIL_LINE_LENGTH = 500

_MARK = b"> "
"""Stands before a line that begins with a brace and does not end with one."""


class OutputPump:
    """Copies one stream of the worker to a descriptor of this process, and remembers its last lines."""

    def __init__(self, source: IO[bytes], target: int) -> None:
        os.set_blocking(source.fileno(), False)
        self._source = source
        self._target = target
        self._partial = bytearray()
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._lock = threading.Lock()
        self._held: deque[bytes] | None = deque()
        self._held_bytes = 0
        self._ended = False
        self._beside_events = False
        self._thread = threading.Thread(target=self._run, name=f"dagma-output-{target}", daemon=True)
        self._thread.start()

    def tail(self) -> str:
        """The last lines of the stream, as they were written."""
        with self._lock:
            return "\n".join(self._tail)

    def forget_tail(self) -> None:
        """The next lines belong to another run."""
        with self._lock:
            self._tail.clear()

    def release(self, *, beside_events: bool = False) -> None:
        """Writes from now on, and first what was held back: lines from before the run captured its output.

        With `beside_events` the process prints Dagster's events too, one JSON object a line, and they are read from
        its output: then a line always has an end, and none looks like the beginning of an event.
        """
        with self._lock:
            self._beside_events = self._beside_events or beside_events
            held, self._held = self._held, None
            for line in held or []:
                self._write(line)

    def drain(self, *, partial: bool, seconds: float = 1.0) -> None:
        """Writes everything that the worker has printed until now; with `partial` also a line without its end."""
        deadline = time.monotonic() + seconds
        with self._lock:
            while time.monotonic() < deadline and self._copy_some():
                pass
            if partial:
                self._flush_partial()

    def close(self, seconds: float) -> None:
        """Waits for the end of the stream, at most so long, then lets go of it."""
        self._thread.join(seconds)
        self.release()
        with self._lock:
            while self._copy_some():
                pass
            self._flush_partial()
            self._ended = True
            self._source.close()

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._source.fileno(), select.POLLIN | select.POLLHUP)
        while self._copy_next():
            poll.poll(1000)

    def _copy_next(self) -> bool:
        with self._lock:
            self._copy_some()
            if self._ended:
                self._flush_partial()
            return not self._ended

    def _copy_some(self) -> bool:
        """Copies what is in the pipe, up to a chunk; false when there is nothing (yet, or any more)."""
        if self._ended:
            return False
        try:
            chunk = os.read(self._source.fileno(), _CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            self._ended = True
            return False
        self._partial += chunk
        *lines, rest = self._partial.split(b"\n")
        for line in lines:
            self._write_line(bytes(line) + b"\n")
        self._partial = rest
        if len(rest) > _LONGEST_LINE:
            self._flush_partial()
        return True

    def _flush_partial(self) -> None:
        if self._partial:
            self._write_line(bytes(self._partial))
            self._partial.clear()

    def _write_line(self, line: bytes) -> None:
        """The one door for a line of the worker, which has taken out its secrets (decision 14)."""
        self._tail.append(line.decode("utf-8", "replace").rstrip("\n")[:_TAIL_LINE_LENGTH])
        if self._held is None:
            self._write(line)
        else:
            self._held.append(line)
            self._held_bytes += len(line)
            while self._held_bytes > _MOST_HELD and len(self._held) > 1:
                self._held_bytes -= len(self._held.popleft())

    def _write(self, line: bytes) -> None:
        view = memoryview(_beside_events(line) if self._beside_events else line)
        try:
            while view:
                view = view[os.write(self._target, view) :]
        except OSError:
            # This process has no such stream any more; the worker must still never block on a full pipe.
            return


def _beside_events(line: bytes) -> bytes:
    """The line as it cannot be taken for the first part of an event: a whole JSON object stays as it is."""
    text = line.strip()
    is_begun = text.startswith(b"{") and not text.endswith(b"}")
    return (_MARK if is_begun else b"") + line.removesuffix(b"\n") + b"\n"
