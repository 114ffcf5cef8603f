import { setTimeout } from 'node:timers/promises'

/** The time, as runs see it; tests put another in its place. */
export interface Clock {
  readonly now: () => Date
  /** Waits; ends early, without an error, when the signal is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** A longer timer would fire at once. */
const longestTimer = 2 ** 31 - 1

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => setTimeout(Math.min(milliseconds, longestTimer), undefined, { signal }).catch(() => undefined),
}
