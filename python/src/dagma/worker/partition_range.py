"""A step in a run of several partitions: which of them it makes, and how each that has ended is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma.metadata import metadata_from_wire, without_constants
from dagma.storage.event_transactions import record_in_transactions
from dagma.worker._compat import (
    FAILED_TAG,
    RECORDED,
    PartitionResult,
    check_of_partition,
    event_of_partition,
    partition_keys,
    record_event,
)
from dagma.worker.recorded_partitions import CheckedPartition, RecordedPartitions
from dagma.worker.results import apply_dynamic_partitions, understood
from dagma.worker.stored_values import tags_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dagma.manifest.types import Step
    from dagma.worker._compat import PartitionEvent

_MOST_NAMED = 100
"""Failed partitions that the metadata of a check names."""


def partition_recorder(context: Any, step: Step) -> PartitionRecorder | None:
    """Records the partitions of a step in a run of several; None in a run with one partition or without."""
    op_context: dg.OpExecutionContext = context.op_execution_context
    if not op_context.has_partition_key_range:
        return None
    layer = op_context.job_def.asset_layer
    keys = set(op_context.selected_asset_keys) | {check.asset_key for check in op_context.selected_asset_check_keys}
    found = [definition for key in keys if (definition := layer.get(key).partitions_def) is not None]
    return PartitionRecorder(op_context, step, found[0]) if found else None


def _tags(partition: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a partition's event: what it stored, and whether it failed although it has results."""
    return {**tags_of(result["stored"]), **({FAILED_TAG: "true"} if partition["failed"] else {})}


class PartitionRecorder:
    """Records the partitions of one attempt of a step, and sums up the checks of all partitions of the run."""

    def __init__(self, op_context: dg.OpExecutionContext, step: Step, definition: dg.PartitionsDefinition[Any]) -> None:
        self._context = op_context
        self._step = step
        keys = self._keys = partition_keys(op_context, definition)
        multi = isinstance(definition, dg.MultiPartitionsDefinition)
        self._key_of = {str(key): key for key in keys} if multi else None
        recorded = RecordedPartitions(op_context, step)
        self.missing = [str(key) for key in keys if key not in recorded.made]
        """The partitions of the run that the attempt is to make."""
        self._checks = recorded.checks
        self._count = 0

    def record_all(self, partitions: Sequence[Mapping[str, Any]]) -> list[dg.DagsterEvent]:
        """Records partitions that have ended, each as a whole or not at all; gives their events."""
        with understood("partition"):
            ended = [[(item, self._place()) for item in self._items(partition)] for partition in partitions]
        return record_in_transactions(self._context.instance, ended, lambda item: record_event(self._context, *item))

    def _place(self) -> str:
        """Which of the partitions that are missing is recorded, for the log: `[12/29] `."""
        return f"[{self._count}/{len(self.missing)}] " if len(self.missing) > 1 else ""

    def _items(self, partition: Mapping[str, Any]) -> Iterator[PartitionEvent]:
        """The events to record for a partition: its checks, then its materialization."""
        self._count += 1
        key = partition["partition_key"]
        apply_dynamic_partitions(partition["dynamic_partitions"], self._context.instance)
        for result in sorted(partition["results"], key=lambda result: result["type"] != "check"):
            asset = dg.AssetKey(result["asset_key"].split("/"))
            metadata = metadata_from_wire(result["metadata"])
            if result["type"] == "check":
                check = dg.AssetCheckKey(asset, result["check_name"])
                evaluation = check_of_partition(self._context, check, key, {**result, "metadata": metadata})
                self._checks.setdefault(check, {})[key] = CheckedPartition.of(evaluation)
                yield evaluation
            else:
                known = key if self._key_of is None else self._key_of[key]
                metadata, constants = without_constants(metadata)
                tags = {**constants, **_tags(partition, result)}
                made = PartitionResult(asset, known, metadata, result["data_version"], tags)
                yield event_of_partition(self._context, made)

    def summary(self) -> Iterator[dg.AssetCheckResult]:
        """One result of each check over all partitions: Dagster's own view of a check has one a run."""
        for check, partitions in self._checks.items():
            failed = {key: checked for key, checked in partitions.items() if not checked.passed}
            metadata: dict[str, Any] = {"partitions": len(partitions)}
            if failed:
                metadata["failed_partitions"] = dg.MetadataValue.json(
                    [key for key in self._keys if key in failed][:_MOST_NAMED]
                )
            yield dg.AssetCheckResult(
                asset_key=check.asset_key,
                check_name=check.name,
                passed=not failed,
                severity=_worst(checked.severity for checked in failed.values()),
                description=f"{len(partitions) - len(failed)} of {len(partitions)} partitions passed.",
                metadata=metadata,
            )

    def outputs(self) -> Iterator[Any]:
        """The outputs of a step whose partitions are all recorded; they log no materialization of their own."""
        result = dg.ObserveResult if self._step.kind == "observe" else dg.MaterializeResult
        selected = self._context.selected_asset_keys
        for asset_key in self._context.assets_def.keys_by_output_name.values() if self._step.kind != "check" else ():
            if asset_key in selected:
                yield result(asset_key=asset_key, metadata=RECORDED)
        unevaluated = self._context.selected_asset_check_keys - self._checks.keys()  # there was no partition to check
        for check in unevaluated:
            yield dg.Output(None, self._context.assets_def.get_output_name_for_asset_check_key(check))


def _worst(severities: Iterable[dg.AssetCheckSeverity]) -> dg.AssetCheckSeverity:
    """The severity of a sum: that of failures which all only warn, otherwise `ERROR`."""
    return (
        dg.AssetCheckSeverity.WARN if set(severities) == {dg.AssetCheckSeverity.WARN} else dg.AssetCheckSeverity.ERROR
    )
