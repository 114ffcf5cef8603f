"""How far the items of a step have come, as an observation of its asset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagma.manifest.types import Step


def report_items(context: Any, step: Step, message: Mapping[str, Any]) -> None:
    """Records it at once, while the step runs.

    A step that observes or checks has no observation of its own to spare: what it observed would not be the latest. It
    has a line in the log.
    """
    op_context = context.op_execution_context
    counts = {"items_done": message["done"], "items_failed": message["failed"], "items_total": message["all"]}
    metadata = counts if message["name"] == "items" else {"items_name": message["name"], **counts}
    if step.kind != "materialize":
        op_context.log.info(", ".join(f"{name}: {value}" for name, value in metadata.items()))
        return
    asset = min(op_context.selected_asset_keys)
    is_partitioned = op_context.job_def.asset_layer.get(asset).partitions_def is not None
    of_run = op_context.partition_key if is_partitioned and op_context.has_partition_key else None
    op_context.log_event(
        dg.AssetObservation(
            asset_key=asset,
            description=f"{message['done']:,} of {message['all']:,} items",
            partition=message["partition_key"] or of_run,
            metadata=metadata,
        )
    )
