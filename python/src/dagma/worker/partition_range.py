"""A step in a run of several partitions: which of them it makes, and how each that has ended is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma.defs.metadata import metadata_from_wire
from dagma.launch.open_databases import recorded_together
from dagma.worker._compat import (
    RECORDED,
    PartitionResult,
    check_of_partition,
    event_of_partition,
    made_partitions,
    record_event,
)
from dagma.worker.results import apply_dynamic_partitions, understood

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagma.manifest.types import Step
    from dagma.worker._compat import PartitionEvent

_MOST_NAMED = 100
"""Failed partitions that the metadata of a check names."""


def partitions_to_make(context: Any, step: Step) -> list[str] | None:
    """The partitions of the run that this step is to make; none in a run of one partition or without.

    Those that this run has made, or one from whose failure it goes on, are left out.
    """
    op_context = context.op_execution_context
    if not op_context.has_partition_key_range or _partitions_of(op_context) is None:
        return None
    keys = list(op_context.partition_keys)
    made = made_partitions(op_context) if step.kind == "materialize" else set()
    return [str(key) for key in keys if key not in made]


def _partitions_of(op_context: Any) -> dg.PartitionsDefinition[Any] | None:
    layer = op_context.job_def.asset_layer
    keys = set(op_context.selected_asset_keys) | {check.asset_key for check in op_context.selected_asset_check_keys}
    found = [definition for key in keys if (definition := layer.get(key).partitions_def) is not None]
    return found[0] if found else None


class PartitionRecorder:
    """Records the partitions of one attempt of a step, and sums up their checks."""

    def __init__(self, context: Any) -> None:
        self._context = context.op_execution_context
        definition = _partitions_of(self._context)
        multi = isinstance(definition, dg.MultiPartitionsDefinition)
        self._key_of = {str(key): key for key in self._context.partition_keys} if multi else None
        self._checks: dict[dg.AssetCheckKey, list[tuple[str, Mapping[str, Any]]]] = {}

    def record_all(self, partitions: Sequence[Mapping[str, Any]]) -> list[dg.DagsterEvent]:
        """Records partitions that have ended, together where the storage can; gives their events."""
        with understood("partition"):
            items = [item for partition in partitions for item in self._items(partition)]
        with recorded_together(self._context.instance):
            return [record_event(self._context, item) for item in items]

    def _items(self, partition: Mapping[str, Any]) -> Iterator[PartitionEvent]:
        """What is to be recorded of a partition: its checks, then what makes it."""
        key = partition["partition_key"]
        apply_dynamic_partitions(partition["dynamic_partitions"], self._context.instance)
        for result in sorted(partition["results"], key=lambda result: result["type"] != "check"):
            asset = dg.AssetKey(result["asset_key"].split("/"))
            metadata = metadata_from_wire(result["metadata"])
            if result["type"] == "check":
                check = dg.AssetCheckKey(asset, result["check_name"])
                self._checks.setdefault(check, []).append((key, result))
                yield check_of_partition(check, key, result, metadata)
            else:
                known = key if self._key_of is None else self._key_of[key]
                made = PartitionResult(asset, known, metadata, result["data_version"], failed=partition["failed"])
                yield event_of_partition(self._context, made)

    def summary(self) -> Iterator[dg.AssetCheckResult]:
        """One result of each check over all partitions: Dagster's own view of a check has one a run."""
        for check, results in self._checks.items():
            failed = [(key, result) for key, result in results if not result["passed"]]
            severities = {result["severity"] for _, result in failed}
            metadata: dict[str, Any] = {"partitions": len(results)}
            if failed:
                metadata["failed_partitions"] = dg.MetadataValue.json([key for key, _ in failed[:_MOST_NAMED]])
            yield dg.AssetCheckResult(
                asset_key=check.asset_key,
                check_name=check.name,
                passed=not failed,
                severity=dg.AssetCheckSeverity.WARN if severities == {"WARN"} else dg.AssetCheckSeverity.ERROR,
                description=f"{len(results) - len(failed)} of {len(results)} partitions passed.",
                metadata=metadata,
            )

    def outputs(self, step: Step) -> Iterator[Any]:
        """The outputs of a step whose partitions are all recorded; they log no materialization of their own."""
        result = dg.ObserveResult if step.kind == "observe" else dg.MaterializeResult
        selected = self._context.selected_asset_keys
        for asset_key in self._context.assets_def.keys_by_output_name.values() if step.kind != "check" else ():
            if asset_key in selected:
                yield result(asset_key=asset_key, metadata=RECORDED)
        unevaluated = self._context.selected_asset_check_keys - self._checks.keys()  # their partitions were made before
        for check in unevaluated:
            yield dg.Output(None, self._context.assets_def.get_output_name_for_asset_check_key(check))
