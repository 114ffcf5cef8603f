import { keyText } from '../../definitions/assets/asset-key.ts'
import type { Step, StepContext, StepExtras } from '../../definitions/assets/step.ts'
import { stepLabel } from '../../definitions/assets/step-label.ts'
import { dagmaError } from '../../errors.ts'
import type { Metadata } from '../../metadata/metadata-value.ts'
import { countSpending } from '../../metadata/spending.ts'
import { reasonOf } from '../gate/exit-gate.ts'
import { stepContext } from './step-context.ts'
import { stepFailure } from './step-failure.ts'
import type { AttemptHost, StepOutcome, StepReport } from './step-host.ts'
import { loadInputs, type SharedInputs } from './step-inputs.ts'
import { type Returned, reportPartition, reportResult } from './step-results.ts'
import { untilAborted } from './until-aborted.ts'
import { validatedConfig } from './validated-config.ts'

/** How an attempt ended, and how long the user's function took. */
export interface Attempted {
  readonly outcome: StepOutcome
  readonly latencyMs: number
}

/** How an attempt for several partitions at once differs, which a function with `range: true` makes. */
export interface RangeAttempt {
  readonly keys: readonly string[]
  /** Stores and reports what the function returned. */
  readonly deliver: (host: AttemptHost, returned: Returned) => Promise<void>
}

/** One attempt to make what the host's partition is, or all of a range. Never throws. */
export function attemptStep(step: Step, host: AttemptHost, shared?: SharedInputs, range?: RangeAttempt): Promise<Attempted> {
  return settled(step, host, (guarded, timing) => attempt(step, guarded, { timing, shared, range }))
}

/** Does work of a step within its time limit, and says how it ended. A blocking check that failed is a failure. Never throws. */
export async function settled(
  step: Step,
  host: AttemptHost,
  work: (host: AttemptHost, timing: Timing) => Promise<void>,
): Promise<Attempted> {
  const timeout = step.timeoutSeconds === undefined ? undefined : AbortSignal.timeout(step.timeoutSeconds * 1000)
  const signal = timeout === undefined ? host.signal : AbortSignal.any([host.signal, timeout])
  let over = false
  const failedChecks: string[] = []
  const report = (item: StepReport): void => {
    // Work that the user's code left running may still log after its step and its host have ended.
    if (over) return
    host.report(item)
    if (item.type === 'check') failedChecks.push(...(item.blocksDownstream ? [`${keyText(item.assetKey)}:${item.check}`] : []))
    else if (item.type === 'materialization' || item.type === 'observation') host.reported?.(item)
  }
  const timing: Timing = { latencyMs: 0, spent: {} }
  try {
    await work({ ...host, signal, report }, timing)
    if (failedChecks.length > 0) throw dagmaError('DAGMA_CHECKS_FAILED', { checks: failedChecks })
    return { outcome: { status: 'success' }, latencyMs: timing.latencyMs }
  } catch (error) {
    const facts = { canceled: host.signal.aborted, timedOut: timeout?.aborted === true, retryNumber: host.retryNumber, spent: timing.spent }
    return { outcome: stepFailure(step, error, facts), latencyMs: timing.latencyMs }
  } finally {
    over = true
  }
}

/** The outcome of the user's function. */
interface Timing {
  latencyMs: number
  /** Metadata on what it spent on models. */
  spent: Metadata
}

interface AttemptOptions {
  readonly timing: Timing
  readonly shared: SharedInputs | undefined
  readonly range: RangeAttempt | undefined
}

async function attempt(step: Step, host: AttemptHost, { timing, shared, range }: AttemptOptions): Promise<void> {
  host.signal.throwIfAborted()
  const attemptBegan = performance.now()
  const keys = range?.keys ?? (host.partitionKey === undefined ? [] : [host.partitionKey])
  const config = await untilAborted(validatedConfig(step, host.config), host.signal)
  const given = Promise.all([loadInputs(step, host, keys, shared), host.resources.clients(Object.keys(step.resources))])
  const [inputs, resources] = await untilAborted(given, host.signal)
  host.signal.throwIfAborted()
  const context = stepContext(step, host, keys, { inputs, resources, config })
  const account = await host.spending.account(step, host.modelCalled)
  const began = performance.now()
  const returned = await untilAborted(
    countSpending(account, () => callUser(step, context)),
    host.signal,
  ).finally(() => {
    timing.latencyMs = performance.now() - began
    timing.spent = account.metadata()
  })
  host.signal.throwIfAborted()
  expectWithinLimit(step, performance.now() - attemptBegan)
  const deliver = range?.deliver ?? ((to, result) => (step.range ? reportPartition(step, to, result) : reportResult(step, to, result)))
  await untilAborted(deliver(host, { returned, ...timing }), host.signal)
}

/** A function that never pauses keeps the time limit from firing: that it was exceeded is found when it has ended. */
function expectWithinLimit(step: Step, tookMs: number): void {
  if (step.timeoutSeconds !== undefined && tookMs > step.timeoutSeconds * 1000)
    throw dagmaError('DAGMA_TIMEOUT', { step: stepLabel(step), seconds: step.timeoutSeconds, neverPaused: true })
}

/** The one boundary to the user's code: what it throws is marked as the user's. */
async function callUser(step: Step, context: StepContext & StepExtras): Promise<unknown> {
  try {
    return await step.run(context)
  } catch (error) {
    throw dagmaError('DAGMA_STEP_FAILED', { step: stepLabel(step), reason: reasonOf(error) }, error)
  }
}
