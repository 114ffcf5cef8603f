import type { Definitions } from '../definitions/model.ts'
import type { PartitionsAt } from '../definitions/partitions/partitions.ts'
import type { EventLog } from './event-log.ts'
import type { Run, RunEvent } from './events.ts'
import { isPartitioned } from './plan.ts'
import { keysOfRange } from './plan-range.ts'
import { retriedRuns } from './retried-runs.ts'

/** Partitions that a run of several has made, by the name of the step. */
export type MaterializedPartitions = ReadonlyMap<string, ReadonlySet<string>>

/**
 * The partitions that a run of several, and the runs that it retries, have materialized: those for which a step has recorded something and has not failed
 * since. What a partition reports is recorded all or not at all, and its failure behind it, so the last event tells.
 */
export function materializedPartitions(eventLog: EventLog, run: Run): MaterializedPartitions {
  const made = new Map<string, Set<string>>()
  for (const { runId } of oldestFirst(eventLog, run)) {
    for (const event of eventLog.eachEvent(runId, tellingTypes)) {
      if (!('partition' in event) || typeof event.partition !== 'string') continue
      const ofStep = made.get(event.step) ?? new Set()
      made.set(event.step, ofStep)
      if (event.type === 'PARTITION_FAILURE') ofStep.delete(event.partition)
      else ofStep.add(event.partition)
    }
  }
  return made
}

/** Those of `keys`, which a run of several makes, that one of its steps with partitions has not made. */
export function missingPartitions(definitions: Definitions, eventLog: EventLog, run: Run, keys: readonly string[]): readonly string[] {
  const made = materializedPartitions(eventLog, run)
  const partitioned = run.steps.filter((name) => {
    const step = definitions.steps.get(name)
    return step !== undefined && isPartitioned(step, definitions)
  })
  return keys.filter((key) => partitioned.some((name) => !made.get(name)?.has(key)))
}

/** How many partitions a retry of a run of several makes in each step; of any other run, one. */
export function missingByStep(definitions: Definitions, eventLog: EventLog, run: Run, at: PartitionsAt): (step: string) => number {
  const isRetryable = run.steps.every((name) => definitions.steps.has(name)) // else the retry is refused
  if (run.partitionKeyRange === null || !isRetryable) return () => 1
  const keys = keysOfRange(definitions, run.assetKeys, run.partitionKeyRange, at)
  const made = materializedPartitions(eventLog, run)
  return (step) => keys.filter((key) => !made.get(step)?.has(key)).length
}

const tellingTypes: readonly RunEvent['type'][] = [
  'ASSET_MATERIALIZATION',
  'ASSET_OBSERVATION',
  'ASSET_CHECK_EVALUATION',
  'PARTITION_FAILURE',
]

/** A run of several partitions and those that it retries; of any other run, none. */
function oldestFirst(eventLog: EventLog, run: Run): Run[] {
  if (run.partitionKeyRange === null) return []
  return [run, ...retriedRuns(eventLog, run)].reverse()
}
