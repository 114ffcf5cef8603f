"""SQLite files stay open while a run writes to them, and events that belong together share a transaction.

Dagster makes an engine for each event, and throws it away: the connection is opened again, each statement compiled
again, and when the last connection of a file closes, SQLite copies its write-ahead log into the file, syncs both, and
deletes the log. That is nine tenths of the time that an event takes. Kept engines change nothing of when an event is
on disk.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from sqlalchemy.pool import QueuePool

from dagma.launch._compat import reentrant_lock_of, remember_columns, sqlite_storages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import dagster as dg
    from sqlalchemy.engine import Engine


class _Databases:
    """The engines that are kept, by the address of their file."""

    def __init__(self) -> None:
        self._engines: dict[str, tuple[Engine, Callable[..., Any]]] = {}
        self._lock = threading.Lock()
        self._group = threading.local()

    def engine(self, make: Callable[..., Engine], address: str, **options: Any) -> Engine:
        with self._lock:
            if address not in self._engines:
                engine = make(address, **{**options, "poolclass": QueuePool})
                self._engines[address] = engine, engine.connect
                engine.connect = lambda: self._connect(address)  # type: ignore[method-assign]
                engine.dispose = lambda *_, **__: None  # type: ignore[method-assign]
            return self._engines[address][0]

    def _connect(self, address: str) -> Any:
        connect = self._engines[address][1]
        group: dict[str, Any] | None = getattr(self._group, "connections", None)
        if group is None:
            return connect()
        if address not in group:
            connection = self._group.stack.enter_context(connect())
            self._group.transactions.append(connection.begin())
            connection.begin = nullcontext  # what is begun within belongs to the transaction of the group
            group[address] = connection
        return nullcontext(group[address])

    @contextmanager
    def group(self) -> Iterator[None]:
        """Within it, this thread has one transaction for each file, committed in the order in which they began.

        Dagster writes an event to its run's file before the index, and what is missing is read from the index: a
        process killed between the two commits makes its partitions again. The other order would lose their events.
        """
        with ExitStack() as stack:
            self._group.stack, self._group.connections, self._group.transactions = stack, {}, []
            try:
                yield
                for transaction in self._group.transactions:
                    transaction.commit()
            finally:
                self._group.connections = None

    def close(self) -> None:
        for engine, _ in self._engines.values():
            type(engine).dispose(engine)


_kept: _Databases | None = None


@contextmanager
def databases_kept_open() -> Iterator[None]:
    """Within it, this process keeps an engine for every SQLite file that Dagster stores runs and events in."""
    global _kept  # noqa: PLW0603
    databases = _kept = _Databases()
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
        _kept = None
        databases.close()


@contextmanager
def recorded_together(instance: dg.DagsterInstance) -> Iterator[None]:
    """Within it, what this thread stores in SQLite's event log is stored at once at the end, or not at all."""
    lock = None if _kept is None else reentrant_lock_of(instance)
    if _kept is None or lock is None:
        yield
        return
    remember_columns(instance)
    with lock, _kept.group():
        yield
