"""How our processes treat Dagster's SQLite files: what Dagster does again for each run or event is done once."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from alembic.script import Script, ScriptDirectory
from sqlalchemy import MetaData
from sqlalchemy.pool import NullPool

from dagma.storage._compat import SqliteEventLogStorage, sqlite_storages
from dagma.storage.migration_scripts import keep_migration_scripts
from dagma.storage.open_databases import databases_kept_open
from dagma.storage.quick_storage import make_storage_quick

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.engine import Engine


@pytest.fixture
def store(tmp_path: Path) -> Callable[[str], None]:
    """Stores an event in the SQLite file of a run, as each process of a run does."""

    def store(run_id: str) -> None:
        with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
            instance.report_engine_event("hello", run_id=run_id, job_name="job")

    return store


def test_migration_scripts_are_loaded_once(store: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    load = Script._from_path.__func__  # type: ignore[attr-defined]

    def counted(cls: type[Script], scripts: ScriptDirectory, path: str) -> Script | None:
        loaded.append(path)
        return load(cls, scripts, path)  # type: ignore[no-any-return]

    monkeypatch.setattr(Script, "_from_path", classmethod(counted))
    monkeypatch.setattr(ScriptDirectory, "from_config", ScriptDirectory.from_config)  # put back at the end
    keep_migration_scripts()
    store("one")
    at_first = len(loaded)
    assert at_first > 100  # Dagster's storages of runs, events and schedules have one configuration each
    for run_id in ("two", "three"):
        store(run_id)
    assert len(loaded) == at_first


def test_write_ahead_logs_are_kept_until_the_end(store: Callable[[str], None], tmp_path: Path) -> None:
    def logs() -> set[str]:
        return {path.name for path in tmp_path.rglob("*.db-wal")}

    store("run")
    assert logs() == set()
    with databases_kept_open():
        store("run")
        assert {"run.db-wal", "runs.db-wal"} <= logs()
    assert logs() == set()
    store("run")
    assert logs() == set()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the storage quick until the end of the test."""
    monkeypatch.setattr(ScriptDirectory, "from_config", ScriptDirectory.from_config)
    monkeypatch.setattr(SqliteEventLogStorage, "_initdb", SqliteEventLogStorage._initdb)
    for module in sqlite_storages():
        monkeypatch.setattr(module, "create_engine", module.create_engine)
    make_storage_quick()


def schema(path: Path) -> list[tuple[str, ...]]:
    """Everything that a file has when its run begins."""
    with closing(sqlite3.connect(path)) as database:
        made = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        revision = database.execute("SELECT version_num FROM alembic_version").fetchall()
        return [*made, *revision, *database.execute("PRAGMA journal_mode").fetchall()]


def test_the_file_of_a_run_is_as_dagster_makes_it(
    store: Callable[[str], None], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store("dagsters")
    request.getfixturevalue("quick")
    store("ours")
    folder = next(tmp_path.rglob("ours.db")).parent
    assert schema(folder / "ours.db") == schema(folder / "dagsters.db")
    assert {path.stat().st_mode for path in folder.glob("*.db")} == {(folder / "dagsters.db").stat().st_mode}
    assert list(folder.glob("*.new")) == []


@pytest.mark.usefixtures("quick")
def test_tables_are_made_once_for_all_runs(store: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    store("first")  # may make the template
    created: list[object] = []
    monkeypatch.setattr(MetaData, "create_all", lambda *arguments, **_: created.append(arguments))
    for run_id in ("second", "third"):
        store(run_id)
    assert created == []


@pytest.mark.usefixtures("quick")
def test_a_file_that_another_process_has_made_is_kept(
    store: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store("first")
    link = os.link

    def late(source: str, target: str) -> None:
        monkeypatch.setattr(os, "link", link)
        with closing(sqlite3.connect(target)) as database:
            database.execute("CREATE TABLE made_by_another (id)")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    store("second")
    file = next(tmp_path.rglob("second.db"))
    assert "made_by_another" in {row[1] for row in schema(file) if len(row) > 1}
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM event_logs").fetchone() == (1,)


@pytest.mark.usefixtures("quick")
def test_where_files_cannot_be_linked_dagster_makes_them(
    store: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    store("run")
    folder = next(tmp_path.rglob("run.db")).parent
    assert "event_logs" in {row[1] for row in schema(folder / "run.db") if len(row) > 1}
    assert list(folder.glob("*.new")) == []


@pytest.mark.usefixtures("quick")
def test_engines_are_kept_but_not_their_connections(tmp_path: Path) -> None:
    module = sqlite_storages()[0]

    def engine(name: str) -> Engine:
        return module.create_engine(f"sqlite:///{tmp_path}/{name}.db", poolclass=NullPool)  # type: ignore[no-any-return]

    first = engine("first")
    with first.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("CREATE TABLE numbers (id)")
        connection.commit()
    assert [path.name for path in tmp_path.iterdir()] == ["first.db"]  # a connection that is open has a log beside it
    assert engine("first") is first
    for number in range(40):
        engine(str(number))
    assert engine("first") is not first
