import { DagmaError } from '../errors.ts'
import type { EventLog } from './event-log.ts'
import type { Run, RunStart } from './events.ts'

/** The run that a run retries, the one that that retries, and so on, as far as they were not pruned. */
export function retriedRuns(eventLog: EventLog, { parentRunId }: Pick<RunStart, 'parentRunId'>): Run[] {
  const runs: Run[] = []
  for (let id = parentRunId; id !== null; id = runs.at(-1)?.parentRunId ?? null) {
    try {
      runs.push(eventLog.run(id))
    } catch (error) {
      if (error instanceof DagmaError && error.code === 'DAGMA_RUN_UNKNOWN') return runs
      throw error
    }
  }
  return runs
}
