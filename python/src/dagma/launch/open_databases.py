"""SQLite files stay open while a run writes to them.

Dagster opens and closes a connection for each event. When the last connection of a file closes, SQLite copies its
write-ahead log into the file, syncs both, and deletes the log: half of the time that an event takes. A second
connection that stays open spares that, and changes nothing of when an event is on disk.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import event
from sqlalchemy.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def databases_kept_open() -> Iterator[None]:
    """Within it, every SQLite file that this process connects to has one more connection, closed at the end."""
    kept: dict[str, sqlite3.Connection] = {}

    def keep(connection: object, _record: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        if path and path not in kept:
            kept[path] = sqlite3.connect(path, check_same_thread=False)
            kept[path].execute("SELECT count(*) FROM sqlite_master").fetchall()  # only a reader holds the log open

    event.listen(Engine, "connect", keep)
    try:
        yield
    finally:
        event.remove(Engine, "connect", keep)
        for connection in kept.values():
            connection.close()
