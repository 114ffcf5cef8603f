import { rmSync } from 'node:fs'
import { keptItemFiles } from '../runtime/values/kept-items.ts'
import type { EventLog } from './event-log.ts'
import type { PruneOptions, PruneResult } from './prune-runs.ts'

/** Prunes the event log of a project, and what the pruned runs kept of their items; of runs in Dagster, what is older than `endedBefore`. */
export function pruneProject(projectFolder: string, log: EventLog, options: PruneOptions): PruneResult {
  const files = keptItemFiles(projectFolder)
  const ended = new Set(files.flatMap(({ runId }) => (log.isOver(runId) ? [runId] : [])))
  const result = log.prune(options)
  if (options.dryRun) return result
  const { endedBefore = 0 } = options
  for (const { file, runId, time } of files) {
    const isPruned = ended.has(runId) ? !log.isOver(runId) || log.run(runId).pruned : !log.isKnown(runId) && time < endedBefore
    if (isPruned) rmSync(file, { force: true })
  }
  return result
}
