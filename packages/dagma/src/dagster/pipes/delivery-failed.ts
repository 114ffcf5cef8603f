import { type DagmaError, dagmaError } from '../../errors.ts'
import { gateText, reasonOf } from '../../runtime/gate/exit-gate.ts'

/** The error of a message that did not reach Dagster. */
export function deliveryFailed(error: unknown): DagmaError {
  const reason = gateText(reasonOf(error))
  return dagmaError('DAGMA_PIPES_DELIVERY_FAILED', { reason }, error)
}
