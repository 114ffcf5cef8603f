"""How the processes of a run treat Dagster's SQLite files: migrations are loaded once, write-ahead logs are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest
from alembic.script import Script, ScriptDirectory

from dagma.launch.migration_scripts import keep_migration_scripts
from dagma.launch.open_databases import databases_kept_open

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
