import { DagmaError, dagmaError } from '../../errors.ts'
import { jsonLoss, lossText } from '../../metadata/json-loss.ts'

/** How deep a value may be: `JSON.stringify` recurses, and ends at a depth that depends on who calls it. */
const deepestValue = 1000

/**
 * `value` as JSON text; `what` names it, as in `value of asset "a"`. `undefined` as a whole becomes null. @throws DAGMA_VALUE_NOT_STORABLE for what
 * JSON would change or lose
 */
export function jsonText(what: string, value: unknown): string {
  try {
    // A pass of its own is several times faster than a replacer: values are often long lists of numbers.
    const loss = jsonLoss(value, { deepest: deepestValue, unsafe: true })
    if (loss === undefined) return JSON.stringify(value ?? null) ?? 'null'
    throw dagmaError('DAGMA_VALUE_NOT_STORABLE', { what, reason: lossText(loss) })
  } catch (error) {
    if (error instanceof DagmaError || !(error instanceof Error)) throw error
    throw dagmaError('DAGMA_VALUE_NOT_STORABLE', { what, reason: `it cannot be read: ${error.message}` }, error)
  }
}
