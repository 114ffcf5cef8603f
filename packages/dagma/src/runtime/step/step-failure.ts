import { Failure } from '../../definitions/assets/failure.ts'
import type { Step } from '../../definitions/assets/step.ts'
import { stepLabel } from '../../definitions/assets/step-label.ts'
import { DagmaError, dagmaError } from '../../errors.ts'
import type { Metadata } from '../../metadata/metadata-value.ts'
import { normalize, type WireMetadata } from '../../metadata/normalize.ts'
import { gateError, gateFailureMetadata, type WireError } from '../gate/exit-gate.ts'

/** How an attempt failed. */
export interface StepFailure {
  readonly status: 'failure' | 'canceled'
  readonly error: WireError
  /** The value that the user's code threw, without Dagma's wrapper; `error` itself if the code did not throw. Hooks receive it. */
  readonly thrown: WireError
  /** Whether the retry policy applies. A step whose blocking checks failed is not retried, as in Dagster. */
  readonly allowRetries: boolean
  /** The observation fields of a failure, and the metadata that a thrown `Failure` carries. */
  readonly metadata: WireMetadata
}

/** The facts of a failed attempt. */
export interface AttemptFacts {
  readonly canceled: boolean
  readonly timedOut: boolean
  readonly retryNumber: number
  /** Metadata on what the attempt spent on models. Default: none. */
  readonly spent?: Metadata
}

/** The failure that a thrown error is. */
export function stepFailure(step: Step, error: unknown, { canceled, timedOut, retryNumber, spent = {} }: AttemptFacts): StepFailure {
  const failed = (status: StepFailure['status'], why: unknown, allowRetries: boolean, own: Metadata = {}): StepFailure => ({
    status,
    error: gateError(why),
    thrown: gateError(thrownBy(why)),
    allowRetries,
    metadata: gateFailureMetadata(normalize({ ...spent, ...own }), { status, retryCount: retryNumber, error: thrownBy(why) }),
  })
  if (canceled) return failed('canceled', dagmaError('DAGMA_CANCELED', { what: `Step "${stepLabel(step)}"` }), false)
  if (timedOut) return failed('failure', dagmaError('DAGMA_TIMEOUT', { step: stepLabel(step), seconds: step.timeoutSeconds ?? 0 }), true)
  if (error instanceof DagmaError && error.code === 'DAGMA_CHECKS_FAILED') return failed('failure', error, false)
  const thrown = thrownBy(error)
  return failed('failure', error, mayBeRetried(thrown), thrown instanceof Failure ? thrown.metadata : {})
}

/** Whether the retry policy applies to what a function threw: to failed items, when it applies to one of them, which is the cause. */
export function mayBeRetried(thrown: unknown): boolean {
  if (thrown instanceof DagmaError && thrown.code === 'DAGMA_ITEMS_FAILED') return mayBeRetried(thrown.cause)
  return !stopsStep(thrown) && (!(thrown instanceof Failure) || thrown.allowRetries)
}

/** Whether more calls, and more attempts, would be refused too: the budget is what it is until somebody changes it, or a day has passed. */
export function stopsStep(thrown: unknown): boolean {
  return thrown instanceof DagmaError && stopsSpending.has(thrown.code)
}

const stopsSpending: ReadonlySet<string> = new Set(['DAGMA_BUDGET_EXCEEDED', 'DAGMA_PRICE_MISSING'])

/** The value that the user's code threw; the error itself if it did not throw. */
function thrownBy(error: unknown): unknown {
  return error instanceof DagmaError && error.code === 'DAGMA_STEP_FAILED' ? error.cause : error
}
