import { dagmaError } from '../../errors.ts'

/** `value` as JSON text. `undefined` as a whole becomes null. @throws DAGMA_VALUE_NOT_STORABLE for what JSON would lose. */
export function jsonText(asset: string, value: unknown): string {
  const lost = (reason: string): Error => dagmaError('DAGMA_VALUE_NOT_STORABLE', { asset, reason })
  let text: string
  try {
    text = JSON.stringify(value ?? null)
  } catch (error) {
    const found = error instanceof TypeError && !/circular/i.test(error.message) ? lostIn('', value) : undefined
    if (found !== undefined) throw lost(found)
    if (error instanceof TypeError) throw lost(error.message.split('\n')[0] ?? '')
    throw error
  }
  // A pass of its own is several times faster than a replacer: values are often long lists of numbers.
  const found = lostIn('', value)
  if (found !== undefined) throw lost(found)
  return text
}

/** The first thing in `value` that JSON would lose, in words. `member` is the name under which the value stands. */
export function lostIn(member: string, value: unknown): string | undefined {
  const what = lostAs(value)
  if (what !== undefined) return member === '' ? `it is ${what}` : `it has ${what} at "${member}"`
  if (typeof value !== 'object' || value === null) return undefined
  if ('toJSON' in value && typeof value.toJSON === 'function') return lostIn(member, value.toJSON())
  if (!Array.isArray(value)) return firstOf(Object.entries(value))
  for (let index = 0; index < value.length; index++) {
    const item: unknown = value[index]
    if (typeof item === 'number' && Number.isFinite(item)) continue
    const found = lostIn(String(index), item)
    if (found !== undefined) return found
  }
  return undefined
}

function firstOf(members: readonly (readonly [string, unknown])[]): string | undefined {
  for (const [name, item] of members) {
    const found = lostIn(name, item)
    if (found !== undefined) return found
  }
  return undefined
}

/** What JSON cannot hold, by name; it would become null or an object that is something else. */
function lostAs(item: unknown): string | undefined {
  if (typeof item === 'number') return Number.isFinite(item) ? undefined : String(item)
  if (typeof item === 'bigint' || typeof item === 'function' || typeof item === 'symbol') return `a ${typeof item}`
  if (item instanceof Map || item instanceof Set || ArrayBuffer.isView(item)) return `a ${item.constructor.name}`
  return undefined
}
