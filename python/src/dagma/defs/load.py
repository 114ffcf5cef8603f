"""A Dagma project as Dagster `Definitions`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma.defs.assets import asset_spec, build_step
from dagma.defs.hooks import hooks_of
from dagma.defs.ticks import build_schedule, build_sensor
from dagma.errors import LoadError
from dagma.executor import dagma_executor
from dagma.manifest.build import read_manifest
from dagma.manifest.parse import misread
from dagma.project import open_project
from dagma.worker.resource import worker_key, worker_resource

if TYPE_CHECKING:
    from os import PathLike

    from dagma.defs.ticks import UnresolvedJob
    from dagma.manifest.types import Job, Manifest
    from dagma.project import Project

DIGEST_METADATA = "dagma/manifest_digest"
PROJECT_METADATA = "dagma/project"
"""Metadata of the code location, by which the launcher knows what it launches."""


def load_definitions(path: str | PathLike[str], manifest: str | PathLike[str] | None = None) -> dg.Definitions:
    """The definitions of the project in folder `path`, to serve as they are or to merge with others.

    `manifest` names a file that `dagma build` wrote: for deployments, where definitions load without starting Node.

    Its jobs run in one process with one Node worker. No executor is set for the whole code location, since that is
    for the one who merges to choose: set `executor=dagma.executor.dagma_executor` there to have the same for assets
    that are materialized without a job.
    """
    project = open_project(Path(path), because="load_definitions was given its path")
    return build_definitions(project, read_manifest(project, None if manifest is None else Path(manifest)))


def definitions_of(project: Project, executor: dg.ExecutorDefinition | None = None) -> dg.Definitions:
    """The definitions of a project that was found, with an executor for the whole code location or none."""
    return build_definitions(project, read_manifest(project), executor)


def build_definitions(
    project: Project, manifest: Manifest, executor: dg.ExecutorDefinition | None = None
) -> dg.Definitions:
    """The definitions that a manifest declares."""
    try:
        declared = _declared(project, manifest)
        del manifest  # Dagster keeps the variables of the first function that makes definitions, to read annotations by
        return dg.Definitions(**declared, executor=executor)
    except (dg.DagsterError, LoadError):  # says itself which definition is wrong, and how
        raise
    except Exception as error:  # a manifest that was not written by `dagma build` may hold anything
        raise misread(error, f"The manifest of {project.root}") from error


def _declared(project: Project, manifest: Manifest) -> dict[str, Any]:
    key, worker = worker_key(project), worker_resource(project, manifest.digest)
    with warnings.catch_warnings():
        # Code references, resources of an asset and others are public; that they are new is not the user's concern.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        steps = [build_step(project, step, key, worker) for step in manifest.steps]
        external = [asset_spec(project, asset) for asset in manifest.external_assets]
    jobs = {job.name: _job(job, manifest, key) for job in manifest.jobs}
    return {
        "assets": [*(step for step in steps if not isinstance(step, dg.AssetChecksDefinition)), *external],
        "asset_checks": [step for step in steps if isinstance(step, dg.AssetChecksDefinition)],
        "jobs": list(jobs.values()),
        "schedules": [build_schedule(project, schedule) for schedule in manifest.schedules],
        "sensors": [build_sensor(project, sensor, jobs) for sensor in manifest.sensors],
        "metadata": {DIGEST_METADATA: manifest.digest, PROJECT_METADATA: str(project.root)},
    }


def _job(job: Job, manifest: Manifest, worker_key: str) -> UnresolvedJob:
    assets = dg.AssetSelection.assets(*(dg.AssetKey(key) for key in job.asset_keys))
    steps = {step.name for step in manifest.steps}
    ops = {name: {"config": config} for name, config in job.config.items() if name in steps}
    return dg.define_asset_job(
        name=job.name,
        description=job.description,
        selection=assets,
        tags=dict(job.tags),
        config={"ops": ops} if ops else None,
        executor_def=dagma_executor,
        hooks=hooks_of(job, worker_key) or None,
    )
