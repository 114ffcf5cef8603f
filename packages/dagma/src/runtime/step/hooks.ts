import type { StepLog } from '../../definitions/assets/step-log.ts'
import type { ResolvedJob } from '../../definitions/definitions.ts'
import { gateError, type WireError } from '../gate/exit-gate.ts'
import type { RunResources } from './run-resources.ts'

/** Calls the job's hook for a step that ended: `onFailure` with the error that failed it for good, `onSuccess` without. Never throws. */
export async function callHook(
  job: ResolvedJob | undefined,
  step: { readonly runId: string; readonly stepName: string; readonly error: WireError | undefined },
  resources: RunResources,
  log: StepLog,
): Promise<void> {
  const hook = step.error === undefined ? job?.onSuccess : job?.onFailure
  if (job === undefined || hook === undefined) return
  try {
    const clients = await resources.clients(Object.keys(job.resources))
    await hook({ ...step, jobName: job.name, resources: clients, log })
  } catch (error) {
    log.error(`A hook of job "${job.name}" failed: ${gateError(error).message}`)
  }
}
