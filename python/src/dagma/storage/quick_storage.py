"""Work that Dagster's SQLite storages repeat for every run and every event is done once per process.

By default each run has its own SQLite file. When a process creates one, it makes 20 tables and indexes, each in a
transaction of its own. And for each event Dagster makes an engine, which compiles each statement again. Here a new
file is a copy of one that Dagster has made in this process, and an engine is kept, though not its connections: files
are opened, written and closed when Dagster does so.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from dagma.storage._compat import SqliteEventLogStorage, sqlite_storages
from dagma.storage.migration_scripts import keep_migration_scripts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine

_KEPT_ENGINES = 32
"""Files whose engines are kept: the two that all runs share, and those of the last runs."""

_initialize = SqliteEventLogStorage._initdb  # noqa: SLF001
_makers = {module: module.create_engine for module in sqlite_storages()}
_lock = threading.Lock()
_template: bytes | None = None


def make_storage_quick() -> None:
    """Of this process, until it ends: for one that launches runs."""
    keep_migration_scripts()
    SqliteEventLogStorage._initdb = _initialize_from_template  # type: ignore[assignment, method-assign]  # noqa: SLF001
    for module, make in _makers.items():
        module.create_engine = _keeping(make)


def _initialize_from_template(storage: Any, engine: Engine, for_index_shard: bool = False) -> None:  # noqa: FBT001, FBT002
    """Dagster's own function, to which the file of a new run looks like one that another process has just made."""
    path = engine.url.database
    if path is not None and not for_index_shard and not Path(path).exists():
        with contextlib.suppress(
            OSError, SQLAlchemyError
        ):  # another process was faster, or the disk has no links or space
            _create(path, _made_once(storage))
    _initialize(storage, engine, for_index_shard)


def _made_once(storage: Any) -> bytes:
    global _template  # noqa: PLW0603
    with _lock:
        if _template is None:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "template.db"
                _initialize(storage, create_engine(f"sqlite:///{path}", poolclass=NullPool))
                _template = path.read_bytes()
        return _template


def _create(path: str, content: bytes) -> None:
    """A file that is there as a whole or not at all, also after a power cut; with the permissions that SQLite gives."""
    unfinished = f"{path}.{os.getpid()}-{threading.get_ident()}.new"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.link(unfinished, path)
    finally:
        os.unlink(unfinished)  # noqa: PTH108


def _keeping(make: Callable[..., Engine]) -> Callable[..., Engine]:
    kept: OrderedDict[str, Engine] = OrderedDict()
    lock = threading.Lock()

    def engine(address: str, **options: Any) -> Engine:
        if options.get("poolclass") is not NullPool:
            return make(address, **options)
        with lock:
            if address not in kept:
                kept[address] = make(address, **options)
                if len(kept) > _KEPT_ENGINES:
                    kept.popitem(last=False)
            kept.move_to_end(address)
            return kept[address]

    return engine
