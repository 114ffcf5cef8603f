"""Data for the process of a step, besides the context that Dagster Pipes defines."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dagma.worker._compat import runs_continued

if TYPE_CHECKING:
    from typing import TypeAlias

    import dagster as dg

    from dagma.manifest.types import Step

    StepContext: TypeAlias = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


def step_extras(context: StepContext, step: Step) -> dict[str, Any]:
    """Data for a step's process besides the Pipes context; `stepExtras` in `protocol/worker.schema.json`."""
    op_context = context.op_execution_context
    config = None if step.config_schema is None else op_context.op_config
    tags = {key: value for key, value in context.run.tags.items() if not key.startswith((".dagster/", "dagster/"))}
    selected = [] if step.kind == "check" else sorted("/".join(key.path) for key in op_context.selected_asset_keys)
    dynamic = {name: list(context.instance.get_dynamic_partitions(name)) for name in step.dynamic_partitions}
    return {
        "step_name": step.name,
        "config": config,
        "selected": selected,
        "run_tags": tags,
        "dynamic_partitions": dynamic,
        "resumed_run_ids": [run.run_id for run in reversed(runs_continued(op_context)[:-1])],
        "run_started": run_started(context.instance, context.run.run_id),
    }


@lru_cache(maxsize=1)
def run_started(instance: dg.DagsterInstance, run_id: str) -> float | None:
    """When the run began, in seconds since 1970: the steps of a run may be done by several processes."""
    record = instance.get_run_record_by_id(run_id)
    return None if record is None else record.start_time
