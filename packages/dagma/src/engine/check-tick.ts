import type { Definitions } from '../definitions/model.ts'
import { DagmaError, dagmaError } from '../errors.ts'
import type { Tick } from '../runtime/tick/tick.ts'
import { planRun } from './plan.ts'

/** A tick, and its moment. */
export interface TickAt {
  readonly tick: Tick
  readonly now: Date
}

/**
 * Checks that each run that a tick asks for could start: its job is one that the schedule or sensor names, and partition and config fit the job.
 * @param who for errors, such as `Sensor "files"`
 * @param jobs the jobs that it names
 * @throws DAGMA_TICK_INVALID with everything that is wrong
 */
export async function checkTick(who: string, jobs: readonly string[], definitions: Definitions, { tick, now }: TickAt): Promise<void> {
  const reasons: string[] = []
  for (const [index, { jobName, partitionKey, config }] of tick.runRequests.entries()) {
    const which = tick.runRequests.length === 1 ? 'the run request' : `run request ${index + 1}`
    const job = definitions.jobs.get(jobName)
    if (job === undefined || !jobs.includes(jobName)) {
      reasons.push(`${which} names the job "${jobName}", which it does not declare (jobs: ${jobs.join(', ')})`)
      continue
    }
    try {
      await planRun(
        definitions,
        { assetKeys: job.assetKeys, kind: 'materialize', partitionKey, config: { ...job.config, ...config } },
        { now }, // of dynamic partitions, Dagster knows the keys
      )
    } catch (error) {
      if (!(error instanceof DagmaError)) throw error
      reasons.push(`${which} cannot be run: ${error.problem.replace(/\.$/, '')}`)
    }
  }
  if (reasons.length > 0) throw dagmaError('DAGMA_TICK_INVALID', { who, reasons })
}
