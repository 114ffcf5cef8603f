/** The own values of runs that are over, which their results may still load. */

/** Releases the values of a run once its result is no longer referenced. */
const held = new Set<() => void>()
let isListening = false

const collected = new FinalizationRegistry<() => void>((release) => release())

/** Keeps the own values of a run while its result is held: `release` is called when nobody holds that any more, or at the end of the process. */
export function holdValues(result: object, release: () => void): void {
  if (!isListening) process.once('exit', releaseAll)
  isListening = true
  const once = (): void => {
    if (held.delete(once)) release()
  }
  held.add(once)
  collected.register(result, once)
}

function releaseAll(): void {
  for (const release of held) release()
}
