"""The private APIs of Dagster that storing events faster, and keeping databases open, uses."""

from __future__ import annotations

from typing import Any

# They make an engine for each connection; whoever replaces `create_engine` in them decides how long it lives.
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage, sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage

__all__ = ["SqliteEventLogStorage", "is_postgres", "methods_of_asset_events", "sqlite_storages"]


def sqlite_storages() -> list[Any]:
    """The modules of Dagster's SQLite storages that a run writes to."""
    return [module for module in (sqlite_event_log, sqlite_run_storage) if hasattr(module, "create_engine")]


def is_postgres(storage: Any) -> bool:
    """Whether an event log is Dagster's in PostgreSQL, whose package may be missing here."""
    cls = type(storage)
    return (cls.__name__, cls.__module__.partition(".")[0]) == ("PostgresEventLogStorage", "dagster_postgres")


def methods_of_asset_events(storage: Any) -> tuple[str, str]:
    """The methods of an event log that store an event's tags, and an event in the row of its asset."""
    names = ("store_asset_event_tags", "store_asset_event")
    with_connection = ("_store_asset_event_tags", "_store_asset_event")  # from 1.13 on
    return with_connection if hasattr(storage, with_connection[0]) else names
