"""What keeping databases open touches of Dagster beyond its public interface."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

# They make an engine for each connection; whoever replaces `create_engine` in them decides how long it lives.
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage

if TYPE_CHECKING:
    import dagster as dg


def sqlite_storages() -> list[Any]:
    """The modules of Dagster's SQLite storages that a run writes to."""
    return [module for module in (sqlite_event_log, sqlite_run_storage) if hasattr(module, "create_engine")]


def reentrant_lock_of(instance: dg.DagsterInstance) -> Any:
    """The lock that the SQLite event log takes for each connection, made such that a thread may take it twice."""
    storage: Any = instance.event_log_storage
    if type(storage) is not sqlite_event_log.SqliteEventLogStorage or not hasattr(storage, "_db_lock"):
        return None
    if isinstance(storage._db_lock, type(threading.Lock())):  # noqa: SLF001
        storage._db_lock = threading.RLock()  # type: ignore[assignment]  # noqa: SLF001
    return storage._db_lock  # noqa: SLF001


def remember_columns(instance: dg.DagsterInstance) -> None:
    """Lets the event log look up once which columns its table of assets has: a tenth of the time of an event."""
    storage: Any = instance.event_log_storage
    name = "_has_asset_key_col_on_connection"  # of Dagster 1.11: without a connection
    name = name if hasattr(storage, name) else "has_asset_key_col"
    if name not in vars(storage):
        look_up, known = getattr(storage, name), dict[str, bool]()

        def has_column(*arguments: Any) -> bool:
            column = arguments[-1]
            if column not in known:
                known[column] = look_up(*arguments)
            return known[column]

        setattr(storage, name, has_column)
