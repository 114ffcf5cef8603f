import type { WirePoint } from './wire.ts'

/** How much one upsert request may hold. */
export interface BatchLimits {
  readonly points: number
  /** Of the request's body. */
  readonly bytes: number
}

/** Well under the 32 MiB at which a server drops the request, and small enough that it answers within the time-out. */
export const batchLimits: BatchLimits = { points: 1000, bytes: 8 * 1024 * 1024 }

/** Longest JSON text of a number, with its comma. */
const numberBytes = 25
const pointBytes = 80

/** Cuts points into requests, in order. A point that is larger than the limit by itself gets a request of its own. */
export function* batches(points: Iterable<WirePoint>, limits: BatchLimits = batchLimits): Generator<WirePoint[]> {
  let batch: WirePoint[] = []
  let bytes = 0
  for (const point of points) {
    const size = sizeBound(point)
    if (batch.length > 0 && (batch.length >= limits.points || bytes + size > limits.bytes)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(point)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

/** Bytes that a point's JSON has at most. */
export function sizeBound({ vector, payload }: WirePoint): number {
  return pointBytes + vector.length * numberBytes + (payload === undefined ? 0 : Buffer.byteLength(JSON.stringify(payload)))
}
