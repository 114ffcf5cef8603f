"""The private APIs of Dagster that executing runs here uses."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

import dagster as dg

# How Dagster reports a process, and says where definitions are.
from dagster._core.events import EngineEventData
from dagster._core.origin import RepositoryPythonOrigin
from dagster._serdes import deserialize_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["execute_run", "load_repository", "load_what_runs_need"]


def load_what_runs_need(instance: dg.DagsterInstance) -> None:
    """Loads what Dagster would load in each run only: the bookkeeping of steps, and where compute logs go."""
    importlib.import_module("dagster._core.execution.plan.active")
    _ = instance.compute_log_manager


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
