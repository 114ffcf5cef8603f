"""What a step of several partitions touches of Dagster beyond its public interface, each item with its reason.

In a run of a range, Dagster's own results copy one metadata to all partitions and cannot say that some failed. The
events are therefore made one by one, by the function that makes them in a run of one partition.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

# Marks an output whose events are logged elsewhere.
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

# Gives the event of a partition its tags of code version, data version and provenance.
from dagster._core.execution.plan.execute_step import _get_output_asset_events

# A re-execution that goes on from where its parent failed has this tag.
from dagster._core.storage.tags import RESUME_RETRY_TAG

# Dagster warns of arguments that are in beta: these are not the user's.
from dagster_shared.utils.warnings import disable_dagster_warnings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    PartitionEvent: TypeAlias = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation

RECORDED: Mapping[str, Any] = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
"""Metadata of an output whose events are recorded already: Dagster logs none of its own."""

_FAILED_TAG = "dagma/failed"
"""Of a materialization whose partition failed, since a blocking check of it did."""

_EVENT_PAGE = 1000


@dataclass(frozen=True)
class PartitionResult:
    """A materialization or observation of one partition, in a run of several."""

    asset: dg.AssetKey
    partition: str
    metadata: Mapping[str, Any]
    data_version: str | None
    failed: bool


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
            tags={_FAILED_TAG: "true"} if result.failed else None,
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


def record_event(op_context: dg.OpExecutionContext, event: PartitionEvent) -> dg.DagsterEvent:
    """Stores an event of the step, past the log: another thread may hold its lock, and wait for the database."""
    step_context: Any = _Recording(op_context)
    if isinstance(event, dg.AssetMaterialization):
        return dg.DagsterEvent.asset_materialization(step_context, event)
    if isinstance(event, dg.AssetObservation):
        return dg.DagsterEvent.asset_observation(step_context, event)
    return dg.DagsterEvent.asset_check_evaluation(step_context, event)


class _Recording:
    """A step's context whose log only stores events."""

    def __init__(self, op_context: dg.OpExecutionContext) -> None:
        self._step_context: Any = op_context.get_step_execution_context()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._step_context, name)

    @property
    def log(self) -> _Recording:
        return self

    def log_dagster_event(self, *, level: int, dagster_event: dg.DagsterEvent, **_: Any) -> None:
        self._step_context.instance.report_dagster_event(dagster_event, self._step_context.run_id, log_level=level)


def check_of_partition(
    check: dg.AssetCheckKey, partition: str, result: Mapping[str, Any], metadata: Mapping[str, Any]
) -> dg.AssetCheckEvaluation:
    """An evaluation of a check for one partition, in a run of several. Before 1.13, Dagster's have no partition."""
    fields: dict[str, Any] = {
        "asset_key": check.asset_key,
        "check_name": check.name,
        "passed": result["passed"],
        "severity": dg.AssetCheckSeverity[result["severity"]],
        "metadata": metadata,
    }
    description = result["description"]
    if _HAS_CHECK_PARTITIONS:
        return dg.AssetCheckEvaluation(**fields, description=description, partition=partition)
    return dg.AssetCheckEvaluation(**fields, description=f"[{partition}] {description or ''}".rstrip())


_HAS_CHECK_PARTITIONS = "partition" in inspect.signature(dg.AssetCheckEvaluation.__new__).parameters


def made_partitions(op_context: dg.OpExecutionContext) -> set[str]:
    """The partitions that all assets of the step have from this run, or from those from whose failure it goes on.

    Read from the index of all runs: an event is in the file of its run before that.
    """
    instance, run = op_context.instance, op_context.run
    if op_context.retry_number == 0 and run.tags.get(RESUME_RETRY_TAG) != "true":
        return set()
    runs = [run]
    while runs[-1].tags.get(RESUME_RETRY_TAG) == "true" and runs[-1].parent_run_id is not None:
        parent = instance.get_run_by_id(runs[-1].parent_run_id)
        if parent is None:
            break
        runs.append(parent)
    first = instance.get_run_record_by_id(runs[-1].run_id)
    since = None if first is None else first.create_timestamp.timestamp()
    ids = {each.run_id for each in runs}
    made = [_made_of(instance, asset, ids, since) for asset in op_context.selected_asset_keys]
    return set.intersection(*made) if made else set()


def _made_of(instance: dg.DagsterInstance, asset: dg.AssetKey, run_ids: set[str], since: float | None) -> set[str]:
    wanted, cursor, has_more = dg.AssetRecordsFilter(asset, after_timestamp=since), None, True
    latest: dict[str, bool] = {}
    while has_more:
        page = instance.fetch_materializations(wanted, limit=_EVENT_PAGE, cursor=cursor)
        for record in page.records:  # newest first
            event = record.asset_materialization
            if event is not None and event.partition is not None and record.run_id in run_ids:
                latest.setdefault(event.partition, _FAILED_TAG not in (event.tags or {}))
        cursor, has_more = page.cursor, page.has_more
    return {partition for partition, is_made in latest.items() if is_made}
