/** Texts of one call, with the place of the first among all. */
export interface Batch {
  readonly start: number
  readonly texts: readonly string[]
}

/** Cuts texts into calls, in order. A text that is larger than the limit by itself gets a call of its own. */
export function* batches(texts: readonly string[], limits: { readonly texts: number; readonly bytes: number }): Generator<Batch> {
  let start = 0
  let bytes = 0
  for (const [index, text] of texts.entries()) {
    const size = Buffer.byteLength(text)
    if (index > start && (index - start >= limits.texts || bytes + size > limits.bytes)) {
      yield { start, texts: texts.slice(start, index) }
      start = index
      bytes = 0
    }
    bytes += size
  }
  if (start < texts.length) yield { start, texts: texts.slice(start) }
}

/** Calls `work` on each item, at most `limit` at once. After a failure none is started, those at work are aborted, and the first failure is thrown. */
export async function eachAtMost<T>(
  limit: number,
  items: Iterable<T>,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]()
  const failed = new AbortController()
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); !failed.signal.aborted && next.done !== true; next = rest.next()) {
      // Only the first failure aborts, and becomes the reason.
      await work(next.value, failed.signal).catch((failure: unknown) => failed.abort(failure))
    }
  }
  await Promise.all(Array.from({ length: limit }, worker))
  failed.signal.throwIfAborted()
}
