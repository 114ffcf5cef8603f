import { dagmaError } from '../errors.ts'

/** `value` as JSON text. `undefined` as a whole becomes null. @throws DAGMA_VALUE_NOT_STORABLE for what JSON would lose. */
export function jsonText(asset: string, value: unknown): string {
  function check(this: { readonly [member: string]: unknown }, member: string, item: unknown): unknown {
    const lost = lostAs(item) ?? lostAs(this[member]) // `item` is what toJSON made of the member
    if (lost === undefined) return item
    const reason = member === '' ? `it is ${lost}` : `it has ${lost} at "${member}"`
    throw dagmaError('DAGMA_VALUE_NOT_STORABLE', { asset, reason })
  }
  try {
    return JSON.stringify(value ?? null, check)
  } catch (error) {
    if (error instanceof TypeError) throw dagmaError('DAGMA_VALUE_NOT_STORABLE', { asset, reason: error.message.split('\n')[0] ?? '' })
    throw error
  }
}

/** What JSON cannot hold, by name; it would become null or an object that is something else. */
function lostAs(item: unknown): string | undefined {
  if (typeof item === 'number' && !Number.isFinite(item)) return String(item)
  if (typeof item === 'bigint' || typeof item === 'function' || typeof item === 'symbol') return `a ${typeof item}`
  if (item instanceof Map || item instanceof Set || ArrayBuffer.isView(item)) return `a ${item.constructor.name}`
  return undefined
}
