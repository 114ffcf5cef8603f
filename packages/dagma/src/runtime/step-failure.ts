import { Failure } from '../definitions/failure.ts'
import type { Step } from '../definitions/step.ts'
import { dagmaError } from '../errors.ts'
import type { WireMetadata } from '../metadata/normalize.ts'
import { gateError, gateStaticMetadata, type WireError } from './exit-gate.ts'

/** How an attempt failed. */
export interface StepFailure {
  readonly status: 'failure' | 'canceled'
  readonly error: WireError
  /** Whether the retry policy applies. */
  readonly allowRetries: boolean
  /** Metadata that a thrown `Failure` carries. */
  readonly metadata: WireMetadata
}

/** The failure that a thrown error is. */
export function stepFailure(step: Step, error: unknown, { canceled, timedOut }: { canceled: boolean; timedOut: boolean }): StepFailure {
  if (canceled) return failed('canceled', dagmaError('DAGMA_CANCELED', { what: `Step "${step.name}"` }), false)
  if (timedOut) return failed('failure', dagmaError('DAGMA_TIMEOUT', { step: step.name, seconds: step.timeoutSeconds ?? 0 }), true)
  const thrown = error instanceof Error ? error.cause : undefined
  if (!(thrown instanceof Failure)) return failed('failure', error, true)
  return { ...failed('failure', error, thrown.allowRetries), metadata: gateStaticMetadata(thrown.metadata) }
}

function failed(status: StepFailure['status'], error: unknown, allowRetries: boolean): StepFailure {
  return { status, error: gateError(error), allowRetries, metadata: {} }
}
