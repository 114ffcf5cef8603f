"""The private APIs of Dagster that executing runs here, and keeping databases open, uses."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

import dagster as dg

# How Dagster reports a process, and says where definitions are.
from dagster._core.events import EngineEventData
from dagster._core.origin import RepositoryPythonOrigin

# They make an engine for each connection; whoever replaces `create_engine` in them decides how long it lives.
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage, sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._serdes import deserialize_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["SqliteEventLogStorage", "execute_run", "is_postgres", "load_repository", "load_what_runs_need"]
__all__ += ["methods_of_asset_events", "sqlite_storages"]


def load_what_runs_need(instance: dg.DagsterInstance) -> None:
    """Loads what Dagster would load in each run only: the bookkeeping of steps, and where compute logs go."""
    importlib.import_module("dagster._core.execution.plan.active")
    _ = instance.compute_log_manager


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


def execute_run(instance: dg.DagsterInstance, run_id: str, *, resumes: bool) -> None:
    """Does what the hidden commands `dagster api execute_run` and `resume_run` do, here, with an open instance."""
    core_execute_run, recon_job_from_origin, _ = _run_machinery()
    run = instance.get_run_by_id(run_id)
    if run is None or run.job_code_origin is None:
        message = f"Run {run_id} is not in this instance, or does not say where its job is defined."
        raise dg.DagsterInvariantViolationError(message)
    pid = os.getpid()
    instance.report_engine_event(f"Started process for run (pid: {pid}).", run, EngineEventData.in_process(pid))
    job = recon_job_from_origin(run.job_code_origin)
    for _event in core_execute_run(job, run, instance, inject_env_vars=True, resume_from_failure=resumes):
        pass
    instance.report_engine_event(f"Process for run exited (pid: {pid}).", run)


def load_repository(origin: str) -> Mapping[str, Any]:
    """Loads a code location's definitions, its jobs too, and what `execute_run` needs; gives their metadata."""
    _, _, recon_repository_from_origin = _run_machinery()
    repository = recon_repository_from_origin(deserialize_value(origin, RepositoryPythonOrigin)).get_definition()
    repository.get_all_jobs()
    return repository.metadata or {}


def _run_machinery() -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """The functions behind `dagster api execute_run`. Imported where runs are executed only: it takes 50 ms."""
    from dagster._grpc.impl import core_execute_run  # noqa: PLC0415
    from dagster._utils import hosted_user_process as hosted  # noqa: PLC0415

    return core_execute_run, hosted.recon_job_from_origin, hosted.recon_repository_from_origin
