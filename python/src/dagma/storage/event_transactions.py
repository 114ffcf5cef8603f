"""Events that belong together are stored in one transaction, with everything that Dagster stores beside them.

Dagster stores each event by itself, in several transactions: a process that is killed between two of them leaves half
of what it wrote. Within a transaction of all of them, Dagster's own code writes the events as it always does. Their
tags, and the row of each asset, which only shows its last event, follow at the end, as in Dagster's own batches.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from dagma.storage._compat import SqliteEventLogStorage, is_postgres, methods_of_asset_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    import dagster as dg

Item = TypeVar("Item")
Event = TypeVar("Event")


def record_in_transactions(
    instance: dg.DagsterInstance, groups: Sequence[Sequence[Item]], record: Callable[[Item], Event]
) -> list[Event]:
    """Records the groups one after the other, each in a transaction; in SQLite, all of them in a single one.

    In PostgreSQL other processes read events in the order of their ids, and would pass those of a transaction that
    continues: it is as short as it can be. SQLite has one writer at a time, and a commit costs more than an event.
    """
    storage = instance.event_log_storage
    if type(storage) is SqliteEventLogStorage:
        groups = [list(chain.from_iterable(groups))]
    elif not is_postgres(storage):
        return [record(item) for group in groups for item in group]
    transactions = _installed(storage)
    events: list[Event] = []
    for group in groups:
        with transactions.one():
            events += [record(item) for item in group]
    return events


def _installed(storage: Any) -> _Transactions:
    with _installing:
        if not hasattr(storage, "dagma_transactions"):
            storage.dagma_transactions = _Transactions(storage)
        found: _Transactions = storage.dagma_transactions
        return found


_installing = threading.Lock()


class _Transaction:
    """The transaction of a thread: its connections, and what is stored at its end."""

    def __init__(self) -> None:
        self.opened: dict[tuple[str, ...], tuple[AbstractContextManager[Any], Any]] = {}
        self.tags: list[Sequence[Any]] = []
        self.assets: dict[tuple[Any, str], Sequence[Any]] = {}


class _Transactions:
    """Makes an event log storage use the transaction of the thread, if there is one."""

    def __init__(self, storage: Any) -> None:
        self._connect: Callable[..., AbstractContextManager[Any]] = storage._connect  # noqa: SLF001
        self._local = threading.local()
        store_tags, store_asset = methods_of_asset_events(storage)
        self._store_tags: Callable[..., None] = getattr(storage, store_tags)
        self._store_asset: Callable[..., None] = getattr(storage, store_asset)
        storage._connect = self._connection  # noqa: SLF001
        setattr(storage, store_tags, self._tags)
        setattr(storage, store_asset, self._asset)
        if type(storage) is SqliteEventLogStorage:
            storage._db_lock = threading.RLock()  # type: ignore[assignment]  # noqa: SLF001  # a thread opens two files

    @contextmanager
    def one(self) -> Iterator[None]:
        """Within it, this thread has one transaction for each file, committed in the order in which they began.

        Dagster writes an event to its run's file before the index of all runs. Whoever finds an event in the file only
        completes the index; the other order would lose events of the run.
        """
        with ExitStack() as stack:
            self._local.current = current = _Transaction()
            try:
                yield
                if current.tags:
                    *connection, _, _ = current.tags[0]
                    events, ids = ([one for stored in current.tags for one in stored[at]] for at in (-2, -1))
                    self._store_tags(*connection, events, ids)
                for arguments in current.assets.values():
                    self._store_asset(*arguments)
            finally:
                self._local.current = None
                for transaction, _ in reversed(current.opened.values()):  # the stack ends what it was given last first
                    stack.push(transaction)

    @property
    def _current(self) -> _Transaction | None:
        return getattr(self._local, "current", None)

    def _connection(self, *shard: str) -> AbstractContextManager[Any]:
        current = self._current
        if current is None:
            return self._connect(*shard)
        if shard not in current.opened:
            transaction = self._transaction(*shard)
            current.opened[shard] = transaction, transaction.__enter__()
        return nullcontext(current.opened[shard][1])

    @contextmanager
    def _transaction(self, *shard: str) -> Iterator[Any]:
        with self._connect(*shard) as connection:
            if connection.in_transaction():
                yield connection
                return
            begun = connection.execution_options(isolation_level="READ COMMITTED")
            with begun.begin():
                yield begun

    def _tags(self, *arguments: Any) -> None:
        """Stores tags of events: a connection, which older Dagsters do without, the events, and their ids."""
        if self._current is None:
            self._store_tags(*arguments)
        else:
            self._current.tags.append(arguments)

    def _asset(self, *arguments: Any) -> None:
        """Stores an event in the row of its asset: a connection, which older Dagsters do without, the event, its id."""
        if self._current is None:
            self._store_asset(*arguments)
        else:
            event = arguments[-2].dagster_event
            self._current.assets[event.asset_key, event.event_type_value] = arguments
