import { type DagmaError, dagmaError } from '../../errors.ts'
import { gateText } from '../../runtime/gate/exit-gate.ts'

/** The error of a message that did not reach Dagster. */
export function deliveryFailed(error: unknown): DagmaError {
  const reason = gateText(error instanceof Error ? error.message : String(error))
  return dagmaError('DAGMA_PIPES_DELIVERY_FAILED', { reason }, error)
}
