/** How long work has to end by itself after its signal was aborted, in milliseconds. */
const defaultGraceMs = 2_000

let abandonedNow = 0

/** How many pieces of work in this process were left behind and still go on. */
export function abandonedWork(): number {
  return abandonedNow
}

/** Returns the result of `work`, or throws the signal's reason if `work` does not end within the grace period after the abort; it is then abandoned. */
export async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal, graceMs = defaultGraceMs): Promise<Result> {
  let stop = (): void => {}
  const abandoned = new Promise<never>((_, reject) => {
    let timer: NodeJS.Timeout | undefined
    const onAbort = (): void => {
      timer = setTimeout(() => {
        abandonedNow++
        work.catch(() => {}).finally(() => abandonedNow--)
        reject(signal.reason)
      }, graceMs)
    }
    stop = () => {
      signal.removeEventListener('abort', onAbort)
      clearTimeout(timer)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, abandoned])
  } finally {
    stop()
  }
}
