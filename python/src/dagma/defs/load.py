"""A Dagma project as Dagster `Definitions`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma.defs.assets import asset_spec, build_step
from dagma.defs.executors import (
    ProjectCode,
    executor_definition,
    executor_of_environment,
    expect_reachable,
    expect_shared,
    named_executor,
    warn_of_folder,
)
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
    from dagma.manifest.types import Executor, Job, Manifest
    from dagma.project import Project

DIGEST_METADATA = "dagma/manifest_digest"
PROJECT_METADATA = "dagma/project"
"""Metadata of the code location, by which the launcher knows what it launches."""


def load_definitions(
    path: str | PathLike[str],
    manifest: str | PathLike[str] | None = None,
    executor: dg.ExecutorDefinition | str | None = None,
) -> dg.Definitions:
    """The definitions of the project in folder `path`, to serve as they are or to merge with others.

    `manifest` names a file that `dagma build` wrote: for deployments, where definitions load without starting Node.

    `executor` takes the place of every executor that the project declares: a definition, or a name as in
    `DAGMA_EXECUTOR`. When neither says anything, the project's jobs run in one process with one Node worker, and no
    executor is set for the whole code location, since that is for the one who merges to choose: set
    `executor=dagma.executor.dagma_executor` there to have the same for assets that are materialized without a job.
    """
    project = open_project(Path(path), because="load_definitions was given its path")
    chosen = named_executor(executor) if isinstance(executor, str) else executor
    file = None if manifest is None else Path(manifest)
    return build_definitions(project, read_manifest(project, file), chosen, manifest_file=file)


def definitions_of(project: Project, default_executor: dg.ExecutorDefinition | None = None) -> dg.Definitions:
    """The definitions of a project that was found; with an executor for the code location when nothing names one."""
    return build_definitions(project, read_manifest(project), default_executor=default_executor)


def build_definitions(
    project: Project,
    manifest: Manifest,
    chosen: Executor | dg.ExecutorDefinition | None = None,
    default_executor: dg.ExecutorDefinition | None = None,
    manifest_file: Path | None = None,
) -> dg.Definitions:
    """The definitions that a manifest declares; `chosen` is the executor that takes the place of those it names."""
    try:
        executors = _Executors(manifest, chosen or executor_of_environment(), ProjectCode(project, manifest_file))
        executor = executors.of_location or default_executor
        declared = _declared(project, manifest, executors)
        del manifest  # Dagster keeps the variables of the first function that makes definitions, to read annotations by
        return dg.Definitions(**declared, executor=executor)
    except (dg.DagsterError, LoadError):  # says itself which definition is wrong, and how
        raise
    except Exception as error:  # a manifest that was not written by `dagma build` may hold anything
        raise misread(error, f"The manifest of {project.root}") from error


def _declared(project: Project, manifest: Manifest, executors: _Executors) -> dict[str, Any]:
    key, worker = worker_key(project), worker_resource(project, manifest.digests)
    with warnings.catch_warnings():
        # Code references, resources of an asset and others are public; that they are new is not the user's concern.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        steps = [build_step(project, step, key, worker) for step in manifest.steps]
        external = [asset_spec(project, asset) for asset in manifest.external_assets]
    jobs = {job.name: _job(job, manifest, key, executors.of(job)) for job in manifest.jobs}
    return {
        "assets": [*(step for step in steps if not isinstance(step, dg.AssetChecksDefinition)), *external],
        "asset_checks": [step for step in steps if isinstance(step, dg.AssetChecksDefinition)],
        "jobs": list(jobs.values()),
        "schedules": [build_schedule(project, schedule) for schedule in manifest.schedules],
        "sensors": [build_sensor(project, sensor, jobs) for sensor in manifest.sensors],
        "metadata": {DIGEST_METADATA: manifest.digests.manifest, PROJECT_METADATA: str(project.root)},
    }


def _job(job: Job, manifest: Manifest, worker_key: str, executor: dg.ExecutorDefinition) -> UnresolvedJob:
    assets = dg.AssetSelection.assets(*(dg.AssetKey(key) for key in job.asset_keys))
    steps = {step.name for step in manifest.steps}
    ops = {name: {"config": config} for name, config in job.config.items() if name in steps}
    return dg.define_asset_job(
        name=job.name,
        description=job.description,
        selection=assets,
        tags=dict(job.tags),
        config={"ops": ops} if ops else None,
        executor_def=executor,
        hooks=hooks_of(job, worker_key) or None,
    )


class _Executors:
    """The executors of a code location: of its jobs, and of all else in it."""

    def __init__(self, manifest: Manifest, chosen: Executor | dg.ExecutorDefinition | None, code: ProjectCode) -> None:
        self._chosen = chosen
        self._manifest = manifest
        self._code = code
        self._declared = chosen or manifest.executor
        self.of_location = None if self._declared is None else executor_definition(self._declared, code)
        if self.of_location is not None:
            expect_shared(manifest.budgets, self.of_location)
            warn_of_folder(manifest.project_folder_values, self.of_location)
            if chosen is not None:  # `definitions()` has checked those that the project declares
                expect_reachable(manifest.in_process_values, self.of_location)

    def of(self, job: Job) -> dg.ExecutorDefinition:
        """The executor of the deployment, or else the job's, that of the definitions, or Dagma's."""
        declared = self._chosen or job.executor or self._declared
        if job.op_tags or job.executor is not None:
            executor = executor_definition(declared or dagma_executor, self._code, job.op_tags)
            if self._chosen is None and job.executor is not None:
                warn_of_folder(self._values_of(job), executor)
            return executor
        return self.of_location or dagma_executor

    def _values_of(self, job: Job) -> list[tuple[str, str]]:
        keys = set(job.asset_keys)
        steps = {
            step.name
            for step in self._manifest.steps
            if keys & {*(asset.key for asset in step.assets), *(check.asset for check in step.checks)}
        }
        return [value for value in self._manifest.project_folder_values if value[0] in steps]
