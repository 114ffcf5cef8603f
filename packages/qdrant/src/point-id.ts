import type { StoredId } from './wire.ts'

/** Namespace of the UUIDs that other strings become. It never changes, or points would be stored twice. */
const namespace = Buffer.from('234999ee39f35816ac8d68457990ca4f', 'hex')

/** A UUID with or without hyphens. */
const uuid = /^([0-9a-f]{8})(-?)([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{12})$/i

/**
 * The id that Qdrant stores for `id`: a number passes, a UUID passes in lower case with hyphens, and any other string becomes a UUID of version 5 in
 * a namespace of this package, always the same one.
 * @throws RangeError for a number beyond 2^53 − 1, which JavaScript has already rounded, and TypeError for what is neither number nor string.
 * @example
 * ```ts
 * const id = pointId('doc-1')
 * ```
 */
export function pointId(id: number | string): StoredId {
  if (typeof id === 'string') return canonicalUuid(id) ?? uuidOf(id)
  if (typeof id !== 'number') throw new TypeError(`A point's id is a number or a string, not a ${typeof id}.`)
  if (Number.isInteger(id) && !Number.isSafeInteger(id))
    throw new RangeError(`The point id ${id} is beyond 2^53 − 1, where JavaScript rounds: pass it as a string.`)
  return id
}

/** `text` in lower case with hyphens when it is a UUID in a spelling that Qdrant takes: also in braces or as a URN. */
export function canonicalUuid(text: string): string | undefined {
  const parts = uuid.exec(text.replace(/^\{(.*)\}$|^urn:uuid:(.*)$/, '$1$2'))
  return parts === null ? undefined : [parts[1], ...parts.slice(3)].join('-').toLowerCase()
}

function uuidOf(name: string): string {
  const { hash: digest } = process.getBuiltinModule('node:crypto') // loaded by the first point: reading definitions takes none
  const hash = digest('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'buffer')
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}
