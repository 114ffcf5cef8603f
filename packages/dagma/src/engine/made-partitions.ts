import type { EventLog } from './event-log.ts'
import type { Run, RunEvent } from './events.ts'

/** Partitions that a run of several has made, by the name of the step. */
export type MadePartitions = ReadonlyMap<string, ReadonlySet<string>>

/**
 * What a run of several partitions, and the runs that it retries, have made: partitions for which a step has recorded something and has not failed
 * since. What a partition reports is recorded all or not at all, and its failure behind it, so the last event tells.
 */
export function madePartitions(eventLog: EventLog, run: Run): MadePartitions {
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

const tellingTypes: readonly RunEvent['type'][] = [
  'ASSET_MATERIALIZATION',
  'ASSET_OBSERVATION',
  'ASSET_CHECK_EVALUATION',
  'PARTITION_FAILURE',
]

/** A run of several partitions and those that it retries; of any other run, none. */
function oldestFirst(eventLog: EventLog, run: Run): Run[] {
  if (run.partitionKeyRange === null) return []
  const runs = [run]
  for (let id = run.parentRunId; id !== null; id = runs[0]?.parentRunId ?? null) runs.unshift(eventLog.run(id))
  return runs
}
