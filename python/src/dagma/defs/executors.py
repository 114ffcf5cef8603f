"""The executor that runs the steps: the one that the project declares, or that the deployment selects instead."""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import contextmanager, nullcontext
from functools import cache
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma.defs import _compat
from dagma.errors import ExecutorError
from dagma.executor import dagma_executor
from dagma.manifest.build import current_manifest, manifest_of_run
from dagma.manifest.parse import parse_manifest
from dagma.manifest.types import Executor
from dagma.worker.code_version import record_code
from dagma.worker.end_of_run import end_reported
from dagma.worker.resource import worker_key
from dagma.worker.spare import close_spares

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from dagma.project import Project

_log = logging.getLogger("dagster.dagma")

EXECUTOR_ENV = "DAGMA_EXECUTOR"
"""Names the executor of all jobs and assets, in the place of what the project declares."""

EXECUTOR_CONFIG_ENV = "DAGMA_EXECUTOR_CONFIG"
"""Defaults of that executor's config, as a JSON object."""

_IN_THE_RUN = {"dagma": dagma_executor, "in_process": dg.in_process_executor}
"""The executors whose steps share the process of the run, and its Node worker."""

_IN_THE_RUN_CREATIONS = {shared.executor_creation_fn for shared in _IN_THE_RUN.values()}

_KNOWN = {
    "multiprocess": ("dagster", "multiprocess_executor"),
    "celery": ("dagster_celery", "celery_executor"),
    "k8s": ("dagster_k8s", "k8s_job_executor"),
    "celery-k8s": ("dagster_celery_k8s", "celery_k8s_job_executor"),
    "docker": ("dagster_docker", "docker_executor"),
    "worker-pool": ("dagma.pool.executor", "worker_pool_executor"),
}
"""The others that are known by name: module and variable."""


_ELSEWHERE = {"celery", "k8s", "celery-k8s", "docker", "worker-pool"}
"""Dagster's names of those that run steps on other machines."""


class ProjectCode:
    """A project's code, one version of which a run has."""

    def __init__(self, project: Project, manifest_file: Path | None) -> None:
        self._project = project
        self._manifest_file = manifest_file

    @contextmanager
    def of_run(self, instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
        """Notes the version that is there now with the run, and gives its manifest to processes of steps started here.

        It is read again: a process that was started ahead may have loaded the definitions before the last change. Where
        runs have telemetry, the end of this one is reported.
        """
        text, origin = current_manifest(self._project, self._manifest_file)
        manifest = parse_manifest(text, origin)
        record_code(instance, run_id, worker_key(self._project), manifest.digests)
        reported = end_reported(self._project, instance, run_id) if manifest.has_instrument else nullcontext()
        with manifest_of_run(self._project, text), reported:
            yield


def expect_shared(budgets: tuple[str, ...], executor: dg.ExecutorDefinition) -> None:
    """Refuses an executor whose steps do not see what the others spend, where something has a budget."""
    if budgets and executor.name in _ELSEWHERE:
        message = (
            f'The budget of {", ".join(budgets)} cannot be enforced: the executor "{executor.name}" runs steps on '
            f"several machines, which do not share their spending. Use dagma, in_process or multiprocess, or remove "
            f"the budget. [DAGMA_BUDGET_NOT_SHARED]"
        )
        raise ExecutorError(message)


def expect_reachable(values: Collection[tuple[str, str]], executor: dg.ExecutorDefinition) -> None:
    """Refuses an executor with a process per step, where steps load values that only another process has."""
    if executor.name not in {"multiprocess", *_ELSEWHERE}:
        return
    for step, upstream in values:
        message = (
            f'Step "{step}" loads the value of "{upstream}", which its IO manager keeps in the process that '
            f'materialized it, but the executor "{executor.name}" runs each step in its own process. Store the value '
            f"where every step can read it, or use the executor dagma. [DAGMA_VALUES_IN_PROCESS]"
        )
        raise ExecutorError(message)


def warn_of_folder(values: Collection[tuple[str, str]], executor: dg.ExecutorDefinition) -> None:
    """Warns of an executor whose machines may not share the project's folder, where steps load values from there."""
    if not values or executor.name not in _ELSEWHERE:
        return
    named = ", ".join(f'"{step}" loads "{upstream}"' for step, upstream in islice(values, 3))
    more = f" and {len(values) - 3} more" if len(values) > 3 else ""  # noqa: PLR2004
    _warn_once(
        f'The executor "{executor.name}" runs steps on several machines, but values are stored in files of the '
        f"project's folder: {named}{more}. Say in ioManagers of definitions() where all of them find values: "
        "s3IOManager(), or jsonFileIOManager() with the folder of a shared volume."
    )


@cache
def _warn_once(text: str) -> None:
    _log.warning("%s", text)


def named_executor(name: str, config: Mapping[str, Any] | None = None) -> Executor:
    """The executor that a deployment names: one that is known by name, or `module:name`."""
    module, colon, variable = name.rpartition(":")
    return Executor(module=module, name=variable, config=config or {}) if colon else Executor(None, name, config or {})


def executor_of_environment() -> Executor | None:
    """The executor in `DAGMA_EXECUTOR`, if it is set."""
    name, config = os.environ.get(EXECUTOR_ENV), os.environ.get(EXECUTOR_CONFIG_ENV)
    if not name:
        if config:
            message = f"{EXECUTOR_CONFIG_ENV} is set, but {EXECUTOR_ENV} is not. Set both or neither."
            raise ExecutorError(message)
        return None
    try:
        fields = json.loads(config) if config else {}
    except ValueError as error:
        message = f"{EXECUTOR_CONFIG_ENV} is not JSON: {error}. Write an object, such as '{{\"max_concurrent\": 4}}'."
        raise ExecutorError(message) from error
    if not isinstance(fields, dict):
        message = f"{EXECUTOR_CONFIG_ENV} is not a JSON object. Write one, such as '{{\"max_concurrent\": 4}}'."
        raise ExecutorError(message)
    return named_executor(name, fields)


def executor_definition(
    declared: Executor | dg.ExecutorDefinition,
    code: ProjectCode,
    op_tags: Mapping[str, Any] | None = None,
) -> dg.ExecutorDefinition:
    """The executor as Dagster's, its config's defaults those declared; `op_tags` are a job's, for its steps.

    One whose steps have their own processes gives them the version of the code.
    """
    found = declared if isinstance(declared, dg.ExecutorDefinition) else _with_defaults(declared)
    shares = found.executor_creation_fn in _IN_THE_RUN_CREATIONS
    if shares and not op_tags:
        return found
    make = found.executor_creation_fn
    if make is None:
        message = f'The executor "{found.name}" has no function that makes it.'
        raise ExecutorError(message)

    @contextmanager
    def around(instance: dg.DagsterInstance, run_id: str, plan: Any) -> Iterator[None]:
        if op_tags:
            _compat.add_op_tags(plan, op_tags)
        with nullcontext() if shares else code.of_run(instance, run_id):
            yield

    def create(context: dg.InitExecutorContext) -> dg.Executor:
        if not shares:
            close_spares()  # this process only hands steps out
        return _compat.executing_within(_compat.watch_celery(make(context)), around)

    return _compat.executor_copy(found, create)


def _with_defaults(declared: Executor) -> dg.ExecutorDefinition:
    found = (_IN_THE_RUN.get(declared.name) if declared.module is None else None) or _load(declared)
    if not declared.config:
        return found
    try:
        return _compat.executor_with_defaults(found, declared.config)
    except dg.DagsterError as error:
        message = f'The config of the executor "{declared.name}" does not fit it. {error}'
        raise ExecutorError(message) from error


def _load(declared: Executor) -> dg.ExecutorDefinition:
    module, variable = (declared.module, declared.name) if declared.module else _KNOWN.get(declared.name, ("", ""))
    if not module:
        known = ", ".join([*_IN_THE_RUN, *_KNOWN])
        message = f'There is no executor "{declared.name}". Name one of {known}, or module:name of another.'
        raise ExecutorError(message)
    try:
        found = getattr(import_module(module), variable)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise _unloadable(declared, module, error) from error
        raise _not_installed(declared, module) from error
    except AttributeError as error:
        message = f'The module {module} has no variable "{variable}" with an executor.'
        raise ExecutorError(message) from error
    except Exception as error:  # a module may raise anything
        raise _unloadable(declared, module, error) from error
    if not isinstance(found, dg.ExecutorDefinition):
        message = f'"{variable}" of the module {module} is not an ExecutorDefinition of Dagster.'
        raise ExecutorError(message)
    return found


def _unloadable(declared: Executor, module: str, error: Exception) -> ExecutorError:
    return ExecutorError(
        f'The executor "{declared.name}" could not be loaded: importing {module} failed with '
        f"{type(error).__name__}: {error}"
    )


def _not_installed(declared: Executor, module: str) -> ExecutorError:
    package = module.replace("_", "-")
    missing = (
        f"the module {module}, which Dagster's Python ({sys.executable}) cannot find. Add it there"
        if declared.module
        else f"the package {package}, which is not installed. Run `{sys.executable} -m pip install {package}`"
    )
    return ExecutorError(f'The executor "{declared.name}" is in {missing}, or set {EXECUTOR_ENV}=dagma.')
