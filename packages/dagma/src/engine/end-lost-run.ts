import { dagmaError } from '../errors.ts'
import type { EventLog } from './event-log.ts'
import type { Run } from './events.ts'

/**
 * Records that a run has failed whose process ended on a machine that cannot be seen from here. Where it can be seen, opening the log does so.
 * @throws DAGMA_RUN_UNKNOWN; DAGMA_RUN_NOT_ENDABLE when the run has ended, or its process lives and `force` is not given
 */
export function endLostRun(log: EventLog, id: string, { force }: { readonly force: boolean }): Run {
  const { runId, status } = log.run(id)
  if (status !== 'STARTED') throw dagmaError('DAGMA_RUN_NOT_ENDABLE', { run: runId, reason: `it has ended with ${status}` })
  const { state, pid, host } = log.owner(runId)
  if (state === 'alive' && !force)
    throw dagmaError('DAGMA_RUN_NOT_ENDABLE', { run: runId, reason: `its process (pid ${pid} on ${host}) is still running` })
  log.endRun(runId, 'FAILURE', 'The run was ended by `dagma run end`: its process is gone.')
  return log.run(runId)
}
