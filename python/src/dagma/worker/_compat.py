"""The private APIs of Dagster that a step of several partitions uses, each with its reason.

In a run of a range, Dagster's own results copy one metadata to all partitions and cannot say that some failed. The
events are therefore made one by one, by the function that makes them in a run of one partition.
"""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

# Marks an output whose events are logged elsewhere.
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

# Gives the event of a partition its tags of code version, data version and provenance.
from dagster._core.execution.plan.execute_step import _get_output_asset_events

# An event is in the file of its run and in an index of all runs, which a kill may leave behind the file.
from dagster._core.storage.event_log import SqlEventLogStorageTable, SqliteEventLogStorage

# A re-execution that continues from where its parent failed has this tag.
from dagster._core.storage.tags import RESUME_RETRY_TAG

# Dagster warns of arguments that are in beta: these are not the user's.
from dagster_shared.serdes import deserialize_value
from dagster_shared.utils.warnings import disable_dagster_warnings
from sqlalchemy import select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    PartitionEvent: TypeAlias = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation

RECORDED: Mapping[str, Any] = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
"""Metadata of an output whose events are recorded already: Dagster logs none of its own."""

FAILED_TAG = "dagma/failed"
"""Of a materialization whose partition failed, since a blocking check of it did."""


@dataclass(frozen=True)
class PartitionResult:
    """A materialization or observation of one partition, in a run of several."""

    asset: dg.AssetKey
    partition: str
    metadata: Mapping[str, Any]
    data_version: str | None
    tags: Mapping[str, str]


def partition_keys(op_context: dg.OpExecutionContext, definition: dg.PartitionsDefinition[Any]) -> Sequence[str]:
    """The partitions of the run. Dagster's own `partition_keys` knows none in a run of checks alone."""
    key_range = op_context.partition_key_range
    if isinstance(definition, dg.MultiPartitionsDefinition):
        start, end = (definition.get_partition_key_from_str(str(key)) for key in (key_range.start, key_range.end))
        key_range = dg.PartitionKeyRange(start, end)
    if hasattr(dg, "partition_loading_context"):
        with dg.partition_loading_context(dynamic_partitions_store=op_context.instance):
            return definition.get_partition_keys_in_range(key_range)
    before: Any = definition  # Dagster 1.11 takes what keeps dynamic partitions as an argument
    keys: Sequence[str] = before.get_partition_keys_in_range(key_range, dynamic_partitions_store=op_context.instance)
    return keys


def event_of_partition(
    op_context: dg.OpExecutionContext, result: PartitionResult
) -> dg.AssetMaterialization | dg.AssetObservation:
    """The event that Dagster would make of it in a run of this partition alone: with its own metadata and versions."""
    step_context: Any = op_context.get_step_execution_context()
    assets_def = op_context.assets_def
    name = assets_def.get_output_name_for_asset_key(result.asset)
    version = None if result.data_version is None else dg.DataVersion(result.data_version)
    with disable_dagster_warnings():
        output = dg.Output(
            None,
            name,
            metadata=dict(result.metadata),
            data_version=version,
            tags=result.tags,
        )
    step_context._data_version_cache.values.pop(result.asset, None)  # noqa: SLF001  # of the partition before it
    (event,) = _get_output_asset_events(
        result.asset,
        [result.partition],
        output,
        op_context.op_def.output_def_named(name),
        {},
        step_context,
        assets_def.execution_type,
    )
    return event


def record_event(op_context: dg.OpExecutionContext, event: PartitionEvent, place: str) -> dg.DagsterEvent:
    """Stores an event of the step, past the log: another thread may hold its lock, and wait for the database.

    `place` stands before its message.
    """
    step_context: Any = _Recording(op_context, place)
    if isinstance(event, dg.AssetMaterialization):
        return dg.DagsterEvent.asset_materialization(step_context, event)
    if isinstance(event, dg.AssetObservation):
        return dg.DagsterEvent.asset_observation(step_context, event)
    return dg.DagsterEvent.asset_check_evaluation(step_context, event)


class _Recording:
    """A step's context whose log only stores events."""

    def __init__(self, op_context: dg.OpExecutionContext, place: str) -> None:
        self._step_context: Any = op_context.get_step_execution_context()
        self._place = place

    def __getattr__(self, name: str) -> Any:
        return getattr(self._step_context, name)

    @property
    def log(self) -> _Recording:
        return self

    def log_dagster_event(self, *, level: int, dagster_event: dg.DagsterEvent, **_: Any) -> None:
        shown: Any = dagster_event
        shown = shown._replace(message=f"{self._place}{shown.message}")
        self._step_context.instance.report_dagster_event(shown, self._step_context.run_id, log_level=level)


def check_of_partition(
    op_context: dg.OpExecutionContext, check: dg.AssetCheckKey, partition: str, result: Mapping[str, Any]
) -> dg.AssetCheckEvaluation:
    """An evaluation of a check for one partition, in a run of several. Before 1.13, Dagster's have no partition."""
    fields: dict[str, Any] = {
        "asset_key": check.asset_key,
        "check_name": check.name,
        "passed": result["passed"],
        "severity": dg.AssetCheckSeverity[result["severity"]],
        "description": result["description"],
        "blocking": op_context.assets_def.get_spec_for_check_key(check).blocking,
    }
    if _HAS_CHECK_PARTITIONS:
        return dg.AssetCheckEvaluation(**fields, metadata=result["metadata"], partition=partition)
    return dg.AssetCheckEvaluation(**fields, metadata={_PARTITION: partition, **result["metadata"]})


def partition_of_check(evaluation: dg.AssetCheckEvaluation) -> str | None:
    """The partition of an evaluation; none of a sum over all."""
    if _HAS_CHECK_PARTITIONS:
        return evaluation.partition
    value = evaluation.metadata.get(_PARTITION)
    return None if value is None else str(value.value)


_PARTITION = "dagma/partition"
"""Metadata of an evaluation, in a Dagster whose evaluations have no partition."""

_HAS_CHECK_PARTITIONS = "partition" in inspect.signature(dg.AssetCheckEvaluation.__new__).parameters


def runs_continued(op_context: dg.OpExecutionContext) -> list[dg.DagsterRun]:
    """The runs from whose failure this one continues, oldest first, and this one; none at a first attempt."""
    instance, run = op_context.instance, op_context.run
    if op_context.retry_number == 0 and run.tags.get(RESUME_RETRY_TAG) != "true":
        return []
    runs = [run]
    while runs[0].tags.get(RESUME_RETRY_TAG) == "true" and runs[0].parent_run_id is not None:
        parent = instance.get_run_by_id(runs[0].parent_run_id)
        if parent is None:
            break
        runs.insert(0, parent)
    return runs


def complete_index(op_context: dg.OpExecutionContext, run_id: str) -> None:
    """Stores in SQLite's index of all runs what only the file of a run has of this step.

    The file is committed first, so an index lacks what a process had recorded when it was killed between the two.
    """
    storage = op_context.instance.event_log_storage
    if type(storage) is not SqliteEventLogStorage:
        return
    step_key = op_context.get_step_execution_context().step.key  # others of the run may be recording just now
    table = SqlEventLogStorageTable.c
    identity = [table.timestamp, table.dagster_event_type, table.asset_key, table.partition]
    where = (table.run_id == run_id, table.step_key == step_key, table.dagster_event_type.in_(_INDEXED))
    with storage.index_connection() as connection:
        indexed = {tuple(row) for row in connection.execute(select(*identity).where(*where))}
    with storage.run_connection(run_id) as connection:
        rows = connection.execute(select(*identity, table.event).where(*where).order_by(table.id))
        missing = [event for *row, event in rows if tuple(row) not in indexed]
    index: Any = copy(storage)
    index.run_connection = lambda _: nullcontext(_Discarding())
    for event in missing:
        index.store_event(deserialize_value(event, dg.EventLogEntry))


_INDEXED = [
    "ASSET_MATERIALIZATION",
    "ASSET_OBSERVATION",
    *(["ASSET_CHECK_EVALUATION"] if _HAS_CHECK_PARTITIONS else []),
]
"""Types of events that a step of several partitions records, and that Dagster has in its index."""


class _Discarding:
    """A connection to a file that has everything."""

    def execute(self, *_: object) -> None:
        """Does nothing."""
