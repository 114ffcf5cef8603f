/** How long work has to end by itself after its signal was aborted, in milliseconds. */
const defaultGraceMs = 2_000

let abandonedNow = 0

/** How many pieces of work in this process were left behind and still go on. */
export function abandonedWork(): number {
  return abandonedNow
}

/** What `work` gives, or the signal's reason when it does not end within the grace after the signal was aborted: then it is left behind. */
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
