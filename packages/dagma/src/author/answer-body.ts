/** The error of an answer that did not end, or continue, in time. */
export const late: unique symbol = Symbol('late')

type Reader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>

/** The whole body of an answer, within this time. @throws {@link late}, or the reason of the caller that aborted */
export async function wholeBody(response: Response, callers: readonly AbortSignal[], timeoutMs: number): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array()
  const parts: Uint8Array[] = []
  await inTime(reader, callers, timeoutMs, async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value)
  })
  return new Uint8Array(Buffer.concat(parts))
}

/** The body of an answer as it comes, with pauses of at most this time. Errors as {@link wholeBody} throws, made by `failure`. */
export function flowingBody(
  response: Response,
  callers: readonly AbortSignal[],
  timeoutMs: number,
  failure: (reason: unknown) => never,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader()
  return new ReadableStream({
    pull: async (controller) => {
      const part = reader && (await inTime(reader, callers, timeoutMs, () => reader.read()).catch(failure))
      if (part === undefined || part.done) controller.close()
      else controller.enqueue(part.value)
    },
    cancel: (reason) => reader?.cancel(reason),
  })
}

/**
 * Reads from a body within this time. The reader is canceled by hand: after a garbage collection, the signal that fetch was given may no longer reach
 * the reading, and a body that never ends would hang.
 */
async function inTime<T>(reader: Reader, callers: readonly AbortSignal[], timeoutMs: number, read: () => Promise<T>): Promise<T> {
  let isLate = false
  const stop = (): void => void reader.cancel().catch(() => {})
  const timer = setTimeout(() => {
    isLate = true
    stop()
  }, timeoutMs)
  for (const signal of callers) signal.addEventListener('abort', stop, { once: true })
  try {
    const result = await read()
    // A canceled body looks like one that came to its end.
    for (const signal of callers) signal.throwIfAborted()
    if (isLate) throw late
    return result
  } finally {
    clearTimeout(timer)
    for (const signal of callers) signal.removeEventListener('abort', stop)
  }
}
