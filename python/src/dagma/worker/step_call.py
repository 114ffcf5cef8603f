"""One step, or one hook, that a Node worker was asked to run."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from dagma.errors import ProtocolError, StepError
from dagma.worker.interrupts import raise_if_interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_POLL = 0.1

_MOST_AT_ONCE = 100
"""Partitions that are recorded together."""


class StepCall:
    """One step on a channel: takes its messages, and knows when and how it ended."""

    def __init__(self, step: str, on_message: Callable[[Any], None]) -> None:
        self.step = step
        self.list_dynamic_partitions: Callable[[str], Sequence[str]] = lambda _: ()
        """The keys of dynamic partitions, by the name of their definition; set by whoever knows Dagster's instance."""
        self.on_items: Callable[[Mapping[str, Any]], None] = lambda _: None
        """Takes how far the step's items have come; set by whoever knows its context."""
        self.find_materializations: Callable[[str, Sequence[str | None]], Sequence[Mapping[str, Any]]] = lambda *_: ()
        """The materializations of an asset's partitions; set by whoever knows Dagster's instance."""
        self._on_message = on_message
        self._done = threading.Event()
        self._make_error: Callable[[], StepError] | None = None
        self._closed: Mapping[str, Any] | None = None
        self._opened = 0.0
        self._active = 0.0
        self._partitions: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()

    @property
    def was_given_up(self) -> bool:
        """Whether the step was ended here, without the worker's `closed`: there it may still run."""
        return self._done.is_set() and self._closed is None

    @property
    def was_opened(self) -> bool:
        """Whether the worker has begun with the step."""
        return self._opened > 0

    def wait(self, seconds: float | None = None) -> bool:
        """Waits for the step's end; in short slices, so that an interrupt of the run gets through at once."""
        if seconds is not None:
            return self._done.wait(seconds)
        return self.wait_since_opened(None)

    def wait_since_opened(self, limit: float | None) -> bool:
        """As `wait`, until the step has been open in the worker for that many seconds; whether it has ended."""
        while not self._done.wait(_POLL):
            raise_if_interrupted()
            if limit is not None and self._opened and time.monotonic() - self._opened > limit:
                return False
        return True

    def partitions(self, limit: float | None) -> Iterator[list[Mapping[str, Any]]]:
        """The partitions that have ended, as many at once as have come, until the step has ended.

        Ends too when the step has been open for `limit` seconds without one of them.
        """
        while not (self._done.is_set() and self._partitions.empty()):
            try:
                ended = [self._partitions.get(timeout=_POLL)]
            except queue.Empty:
                raise_if_interrupted()
                if limit is not None and self._active and time.monotonic() - self._active > limit:
                    return
                continue
            while not self._partitions.empty() and len(ended) < _MOST_AT_ONCE:
                ended.append(self._partitions.get())
            yield [partition for partition in ended if partition is not None]
            self._active = time.monotonic()

    @property
    def has_ended(self) -> bool:
        """Whether the step has ended, in the worker or here."""
        return self._done.is_set()

    def result(self) -> Mapping[str, Any]:
        """The parameters of the step's `closed` message, or the error that kept it from coming."""
        if self._make_error is not None:
            raise self._make_error()
        return self._closed or {}

    def receive(self, message: Mapping[str, Any]) -> None:
        """Hands a Pipes message on; the step begins with `opened` and ends with `closed`."""
        if message["method"] == "opened":
            self._opened = self._active = time.monotonic()
        try:
            self._on_message(message)
        except Exception as error:  # noqa: BLE001  # of Dagster's handler: it must fail this step, not the channel
            self._refuse(message["method"], error)
        if message["method"] == "closed":
            self._closed = message["params"] or {}
            self._end()

    def give_up(self, make_error: Callable[[], StepError]) -> None:
        """Ends the step with an error, unless it has ended."""
        if not self._done.is_set():
            self._make_error = make_error
            self._end()

    def receive_items(self, message: Mapping[str, Any]) -> None:
        """Takes how far the step's items have come."""
        self._active = time.monotonic()
        try:
            self.on_items(message)
        except Exception as error:  # noqa: BLE001  # of Dagster's storage: it must fail this step, not the channel
            self._refuse("items", error)

    def _refuse(self, kind: str, error: Exception) -> None:
        text = f"Dagster refused a {kind!r} message of the step: {type(error).__name__}: {error}"
        self._make_error = self._make_error or (lambda: ProtocolError(text))

    def receive_partition(self, message: Mapping[str, Any]) -> None:
        """Takes what a partition of the step has reported."""
        self._active = time.monotonic()
        self._partitions.put(message)

    def _end(self) -> None:
        self._done.set()
        self._partitions.put(None)
