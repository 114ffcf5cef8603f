import type { BatchLimits } from 'dagma/author'
import type { AnyVector, AnyVectors, WirePoint } from './wire.ts'

/** How much one upsert request holds: well under the 32 MiB at which a server drops it, and small enough that it answers within the time-out. */
export const requestLimits: BatchLimits = { count: 1000, bytes: 8 * 1024 * 1024 }

/** Longest JSON text of a number, with its comma. */
const numberBytes = 25
const pointBytes = 80

/** Bytes that a point's JSON has at most. */
export function sizeBound({ vector, payload }: WirePoint): number {
  return pointBytes + vectorsBound(vector) + (payload === undefined ? 0 : Buffer.byteLength(JSON.stringify(payload)))
}

function vectorsBound(vectors: AnyVectors): number {
  if (isDense(vectors)) return vectors.length * numberBytes
  const bounds = Object.entries(vectors).map(
    ([name, vector]) =>
      Buffer.byteLength(JSON.stringify(name)) + pointBytes + (isDense(vector) ? vector.length : 2 * vector.indices.length) * numberBytes,
  )
  return bounds.reduce((sum, bound) => sum + bound, 0)
}

function isDense(vector: AnyVectors | AnyVector): vector is readonly number[] {
  return Array.isArray(vector)
}
