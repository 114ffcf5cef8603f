/**
 * Calls `work` on each item, at most `limit` concurrently, and waits for all. After a failure none is started, the signal of those at work aborts, and
 * the first failure is thrown.
 * @example
 * ```ts
 * await eachAtMost(4, ['one', 'two', 'three'], async (text, signal) => {
 *   if (!signal.aborted) console.log(text)
 * })
 * ```
 */
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
