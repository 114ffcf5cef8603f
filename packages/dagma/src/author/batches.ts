/** How much one batch may hold. */
export interface BatchLimits {
  /** Items, at most. */
  readonly count: number
  /** The sum of their sizes, at most. */
  readonly bytes: number
}

/**
 * Cuts items into batches, in order, each as full as the limits allow. An item that is larger than the limit by itself gets its own batch.
 * @param sizeOf the size of an item, in bytes
 * @example
 * ```ts
 * for (const batch of batches(['one', 'two', 'three'], (text) => Buffer.byteLength(text), { count: 2, bytes: 250_000 })) {
 *   console.log(batch.length)
 * }
 * ```
 */
export function* batches<T>(items: Iterable<T>, sizeOf: (item: T) => number, limits: BatchLimits): Generator<T[]> {
  let batch: T[] = []
  let bytes = 0
  for (const item of items) {
    const size = sizeOf(item)
    if (batch.length > 0 && (batch.length >= limits.count || bytes + size > limits.bytes)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
