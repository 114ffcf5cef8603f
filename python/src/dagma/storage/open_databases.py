"""SQLite files stay open while a run writes to them.

Dagster makes an engine for each event, and throws it away: the connection is opened again, each statement compiled
again, and when the last connection of a file closes, SQLite copies its write-ahead log into the file, syncs both, and
deletes the log. That is nine tenths of the time that an event takes. Kept engines change nothing of when an event is
on disk.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.pool import QueuePool

from dagma.storage._compat import sqlite_storages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine


class _Databases:
    """The engines that are kept, by the address of their file."""

    def __init__(self) -> None:
        self._engines: dict[str, Engine] = {}
        self._lock = threading.Lock()

    def engine(self, make: Callable[..., Engine], address: str, **options: Any) -> Engine:
        with self._lock:
            if address not in self._engines:
                engine = self._engines[address] = make(address, **{**options, "poolclass": QueuePool})
                engine.dispose = lambda *_, **__: None  # type: ignore[method-assign]
            return self._engines[address]

    def close(self) -> None:
        for engine in self._engines.values():
            type(engine).dispose(engine)


@contextmanager
def databases_kept_open() -> Iterator[None]:
    """Within it, this process keeps an engine for every SQLite file that Dagster stores runs and events in."""
    databases = _Databases()
    modules = sqlite_storages()
    makers = [module.create_engine for module in modules]

    def kept(make: Callable[..., Engine]) -> Callable[..., Engine]:
        return lambda address, **options: databases.engine(make, address, **options)

    try:
        for module, make in zip(modules, makers, strict=True):
            module.create_engine = kept(make)
        yield
    finally:
        for module, make in zip(modules, makers, strict=True):
            module.create_engine = make
        databases.close()
