import type { Step } from '../../definitions/assets/step.ts'
import type { StepLog } from '../../definitions/assets/step-log.ts'
import type { HookContext } from '../../definitions/automation/job.ts'
import type { ResolvedJob } from '../../definitions/model.ts'
import { dagmaError } from '../../errors.ts'
import { countSpending } from '../../metadata/spending.ts'
import { gateError } from '../gate/exit-gate.ts'
import type { RunSpending } from '../spending/enforce-budgets.ts'
import type { RunResources } from './run-resources.ts'
import { untilAborted } from './until-aborted.ts'

/** A step that ended, for the job's hooks. */
export interface EndedStep {
  readonly job: ResolvedJob | undefined
  readonly runId: string
  readonly stepName: string
  /** Its limits of time and costs are those of the hook too; undefined when the definitions no longer have it. */
  readonly step: Step | undefined
  /** The final error; undefined for a success. */
  readonly error: HookContext['error']
}

/** The context of a hook, besides the step. */
export interface HookHost {
  readonly resources: RunResources
  readonly spending: RunSpending
  readonly log: StepLog
  /** Aborted when the run is canceled. */
  readonly signal: AbortSignal
}

/** Calls the job's hook for a step that ended and was recorded: `onFailure` when there is an error, otherwise `onSuccess`. Never throws. */
export async function callHook(ended: EndedStep, { resources, spending, log, signal: canceled }: HookHost): Promise<void> {
  const { job, runId, stepName, step, error } = ended
  const timeoutSeconds = step?.timeoutSeconds
  const hook = error === undefined ? job?.onSuccess : job?.onFailure
  if (job === undefined || hook === undefined) return
  const timeout = timeoutSeconds === undefined ? undefined : AbortSignal.timeout(timeoutSeconds * 1000)
  const signal = timeout === undefined ? canceled : AbortSignal.any([canceled, timeout])
  const call = async (): Promise<void> => {
    const clients = await resources.clients(Object.keys(job.resources))
    const work = () => hook({ runId, stepName, error, jobName: job.name, resources: clients, log, signal })
    await (step === undefined ? work() : countSpending(await spending.account(step), work))
  }
  try {
    await untilAborted(call(), signal)
  } catch (thrown) {
    const reason = timeout?.aborted
      ? dagmaError('DAGMA_TIMEOUT', { step: stepName, seconds: timeoutSeconds ?? 0 }).problem
      : gateError(thrown).message
    log.error(`A hook of job "${job.name}" failed: ${reason}`)
  }
}
