"""Every error this package raises.

Two families, by the moment: `LoadError` while definitions load, shown by Dagster as the code location's error;
`StepError` while a step runs, a `dagster.Failure`, so it fails the step and retry policies apply.
"""

from __future__ import annotations

import dagster as dg


class DagmaError(Exception):
    """Base of all errors of this package."""


class LoadError(DagmaError, dg.DagsterError):
    """A project could not be turned into Dagster definitions."""


class ProjectNotFoundError(LoadError):
    """No Dagma project where one was looked for."""


class NodeError(LoadError):
    """No Node, one that does not start, or one that is too old."""


class PackageNotInstalledError(LoadError):
    """The npm package `dagma` is not installed for the project."""


class DefinitionError(LoadError):
    """The project's TypeScript definitions are wrong; the message is the one `dagma build` printed."""


class BuildError(LoadError):
    """`dagma build` failed for another reason than wrong definitions."""


class ManifestError(LoadError):
    """A manifest that cannot be read, or whose version this package does not know."""


class UnknownFormError(ManifestError):
    """The manifest declares something in a form that this package does not know."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(
            f'The manifest has the {what} "{name}", which this package does not support. '
            "Install the npm package dagma and the Python package dagster-dagma in the same version."
        )


class ExecutorError(LoadError):
    """The executor that the project or the deployment names is not there, or does not accept the config."""


class WorkerPoolError(LoadError):
    """The worker pool cannot be used: a package is missing, or there is no PostgreSQL database."""


class ExclusionsUnsupportedError(ManifestError):
    """Time partitions leave windows out, which this Dagster does not know."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"Time partitions have `exclude`, and those of Dagster {version} cannot exclude partitions. "
            "Upgrade Dagster, or declare the partitions without `exclude`."
        )


class TickError(DagmaError, dg.DagsterError):
    """A tick of a schedule or sensor failed in TypeScript; the message holds what it printed."""


class StepError(DagmaError, dg.Failure):
    """A step failed; the base of what this package raises while a step runs."""


class TypeScriptStepError(StepError):
    """The step's TypeScript threw; the description holds its error, stack and causes."""


class RunEndedError(StepError):
    """The run of a step in its own process was canceled, or is over: the step stops."""

    def __init__(self) -> None:
        super().__init__("The run was canceled, or has ended: this step stops.", allow_retries=False)


class CeleryWorkerLostError(StepError):
    """The Celery worker that executed the step is gone."""

    def __init__(self, worker: str) -> None:
        super().__init__(
            f"The Celery worker {worker} had begun with the step and is gone: it does not answer, or was restarted. "
            "See in its log whether it was killed, such as for lack of memory, and run the step again."
        )


class CodeVersionError(StepError):
    """The process of a step has another version of the project's code than its run: the step does not begin."""

    def __init__(self, description: str) -> None:
        super().__init__(description, allow_retries=False)


class WorkerStartError(StepError):
    """The Node worker could not be started, or could not load the project's definitions."""


class WorkerDiedError(StepError):
    """The Node worker ended while it had steps to run."""


class ProtocolError(StepError):
    """The Node worker said something this package does not understand."""


class ResultError(StepError):
    """The step ended well, but what it reported does not fit its declaration."""
