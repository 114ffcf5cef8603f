"""The Dagster component: a Dagma project's definitions from `defs.yaml`."""

from typing import Any

import dagster as dg

from dagma.defs.executors import named_executor
from dagma.defs.load import build_definitions
from dagma.manifest.build import read_manifest
from dagma.project import open_project


class DagmaProjectComponent(dg.Component, dg.Model, dg.Resolvable):
    """The assets, checks, jobs, schedules and sensors of a Dagma project: TypeScript, run by Node.

    They stand beside the other definitions of the Dagster project, in Python or from other components.
    """

    project: str
    """Folder of the Dagma project, from the folder of `defs.yaml` on."""

    manifest: str | None = None
    """File that `dagma build` wrote, from the folder of `defs.yaml` on; without it, Node is started to make one."""

    executor: str | None = None
    """The executor of the steps, instead of the one that the project declares; as in `DAGMA_EXECUTOR`."""

    executor_config: dict[str, Any] | None = None
    """Defaults of its config."""

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The project's definitions."""
        folder = context.path if context.path.is_dir() else context.path.parent
        root = (folder / self.project).resolve()
        project = open_project(root, because=f"the DagmaProjectComponent in {folder} names it")
        manifest = None if self.manifest is None else folder / self.manifest
        executor = None if self.executor is None else named_executor(self.executor, self.executor_config)
        return build_definitions(project, read_manifest(project, manifest), executor)
