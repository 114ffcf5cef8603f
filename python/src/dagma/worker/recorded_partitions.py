"""The partitions that earlier attempts of a step have recorded, for a retry or a run from failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import dagster as dg

from dagma.worker._compat import FAILED_TAG, complete_index, partition_of_check, runs_continued

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagma.manifest.types import Step

_PAGE = 1000


class CheckedPartition(NamedTuple):
    """How a check of a partition went."""

    passed: bool
    severity: dg.AssetCheckSeverity
    blocks: bool
    """Whether its partition failed by it."""

    @classmethod
    def of(cls, evaluation: dg.AssetCheckEvaluation) -> CheckedPartition:
        """How an evaluation went."""
        failed = not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR
        return cls(evaluation.passed, evaluation.severity, failed and evaluation.blocking is True)


class RecordedPartitions:
    """The partitions that this run, and the failed runs that it continues, have recorded; empty in a first attempt."""

    def __init__(self, op_context: dg.OpExecutionContext, step: Step) -> None:
        self._op_context = op_context
        self._runs = runs_continued(op_context)
        for run in self._runs:
            complete_index(op_context, run.run_id)
        self.checks = self._read_checks()
        """How each check of a partition went last."""
        self.made = self._read_made(step)
        """The partitions of which all was recorded that the step gives, and that have not failed since."""

    def _read_checks(self) -> dict[dg.AssetCheckKey, dict[str, CheckedPartition]]:
        checks: dict[dg.AssetCheckKey, dict[str, CheckedPartition]] = {}
        wanted = self._op_context.selected_asset_check_keys
        for evaluation in self._evaluations() if wanted else ():
            partition = partition_of_check(evaluation)
            if partition is None or evaluation.asset_check_key not in wanted:  # a sum has no partition
                continue
            checks.setdefault(evaluation.asset_check_key, {})[partition] = CheckedPartition.of(evaluation)
        return checks

    def _evaluations(self) -> Iterator[dg.AssetCheckEvaluation]:
        """Those of all checks, oldest first; Dagster's index has the last of each run only."""
        for run in self._runs:
            cursor, has_more = None, True
            while has_more:
                page = self._op_context.instance.get_records_for_run(
                    run.run_id, cursor, dg.DagsterEventType.ASSET_CHECK_EVALUATION, limit=_PAGE
                )
                for record in page.records:
                    event = record.event_log_entry.dagster_event
                    if event is not None:
                        yield event.asset_check_evaluation_data
                cursor, has_more = page.cursor, page.has_more

    def _read_made(self, step: Step) -> set[str]:
        if not self._runs:
            return set()
        if step.kind == "check":
            recorded = [
                {partition: not checked.blocks for partition, checked in self.checks.get(key, {}).items()}
                for key in self._op_context.selected_asset_check_keys
            ]
        else:
            recorded = [self._recorded_of(asset, step) for asset in self._op_context.selected_asset_keys]
        made = [{partition for partition, is_made in one.items() if is_made} for one in recorded]
        return set.intersection(*made) if made else set()

    def _recorded_of(self, asset: dg.AssetKey, step: Step) -> dict[str, bool]:
        """Whether each partition was made when it was last recorded."""
        instance, run_ids = self._op_context.instance, {run.run_id for run in self._runs}
        first = instance.get_run_record_by_id(self._runs[0].run_id)
        since = None if first is None else first.create_timestamp.timestamp()
        wanted, cursor, has_more = dg.AssetRecordsFilter(asset, after_timestamp=since), None, True
        fetch = instance.fetch_observations if step.kind == "observe" else instance.fetch_materializations
        latest: dict[str, bool] = {}
        while has_more:
            page = fetch(wanted, limit=_PAGE, cursor=cursor)
            for record in page.records:  # newest first
                event = record.asset_materialization or record.asset_observation
                if event is not None and event.partition is not None and record.run_id in run_ids:
                    latest.setdefault(event.partition, FAILED_TAG not in (event.tags or {}))
            cursor, has_more = page.cursor, page.has_more
        return latest
