"""A Dagma project as Dagster `Definitions`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from dagma.assets import build_step
from dagma.build import read_manifest
from dagma.executor import dagma_executor
from dagma.project import open_project
from dagma.resource import worker_key, worker_resource

if TYPE_CHECKING:
    from os import PathLike

    from dagma.manifest import Job, Manifest, Schedule
    from dagma.project import Project

DIGEST_METADATA = "dagma/manifest_digest"
PROJECT_METADATA = "dagma/project"
"""Metadata of the code location, by which the launcher knows what it launches."""


def load_definitions(path: str | PathLike[str]) -> dg.Definitions:
    """The definitions of the project in folder `path`, to serve as they are or to merge with others.

    Its jobs run in one process with one Node worker. No executor is set for the whole code location, since that is
    for the one who merges to choose: set `executor=dagma.executor.dagma_executor` there to have the same for assets
    that are materialized without a job.
    """
    return definitions_of(open_project(Path(path), because="load_definitions was given its path"))


def definitions_of(project: Project, executor: dg.ExecutorDefinition | None = None) -> dg.Definitions:
    """The definitions of a project that was found, with an executor for the whole code location or none."""
    return build_definitions(project, read_manifest(project), executor)


def build_definitions(
    project: Project, manifest: Manifest, executor: dg.ExecutorDefinition | None = None
) -> dg.Definitions:
    """The definitions that a manifest declares."""
    key, worker = worker_key(project), worker_resource(project, manifest)
    with warnings.catch_warnings():
        # Code references and resources of an asset are public; that they are new is not the user's concern.
        warnings.simplefilter("ignore", dg.BetaWarning)
        assets = [build_step(project, step, key, worker) for step in manifest.steps]
    return dg.Definitions(
        assets=assets,
        jobs=[_job(job) for job in manifest.jobs],
        schedules=[_schedule(schedule) for schedule in manifest.schedules],
        executor=executor,
        metadata={DIGEST_METADATA: manifest.digest, PROJECT_METADATA: str(project.root)},
    )


def _job(job: Job) -> dg.JobDefinition:
    return dg.define_asset_job(  # type: ignore[return-value]
        name=job.name,
        description=job.description,
        selection=dg.AssetSelection.assets(*(dg.AssetKey(key) for key in job.asset_keys)),
        executor_def=dagma_executor,
    )


def _schedule(schedule: Schedule) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=schedule.name,
        description=schedule.description,
        job_name=schedule.job_name,
        cron_schedule=schedule.cron_schedule,
        execution_timezone=schedule.execution_timezone,
        default_status=dg.DefaultScheduleStatus[schedule.default_status],
    )
