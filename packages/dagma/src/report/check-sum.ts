import type { RunEvent } from '../engine/events.ts'

/** How a check went, as the event log has it. */
export type CheckEvent = Extract<RunEvent, { type: 'ASSET_CHECK_EVALUATION' }>

/** Failed partitions that are named. */
const mostNamed = 100

/**
 * One result of a check over the partitions of a run, since Dagster's view of a check has one a run: it failed when any partition did. Of a partition
 * that was evaluated again the last counts. The words and metadata are those of a run in Dagster.
 */
export function sumOfCheck(evaluations: readonly [CheckEvent, ...CheckEvent[]]): CheckEvent {
  const last = evaluations.at(-1) ?? evaluations[0]
  const partitions = [...new Map(evaluations.map((event) => [event.partition, event])).values()]
  if (partitions.length < 2) return last
  const failed = partitions.filter(({ passed }) => !passed)
  const named = failed.slice(0, mostNamed).flatMap(({ partition }) => partition ?? [])
  return {
    ...last,
    partition: null,
    passed: failed.length === 0,
    severity: failed.length > 0 && failed.every(({ severity }) => severity === 'WARN') ? 'WARN' : 'ERROR',
    description: `${partitions.length - failed.length} of ${partitions.length} partitions passed.`,
    metadata: {
      partitions: { type: 'int', raw_value: partitions.length },
      ...(failed.length > 0 && { failed_partitions: { type: 'json', raw_value: named } }),
    },
  }
}
