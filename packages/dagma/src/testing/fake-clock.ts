import type { Clock } from '../runtime/clock.ts'

/** A clock that stands still, but for waits: they take no time and move it on. */
export interface FakeClock extends Clock {
  /** The waits so far, in milliseconds. */
  readonly waits: readonly number[]
}

/**
 * A clock for tests; `start` is its first moment, default 2026-01-01 00:00 UTC.
 * @example
 * ```ts
 * const clock = fakeClock(new Date('2026-01-01T00:00:00Z'))
 * const orders = asset({ key: 'orders', run: () => [20, 35] })
 * const run = await materializeToMemory([orders], { clock })
 * ```
 */
export function fakeClock(start: Date = new Date('2026-01-01T00:00:00Z')): FakeClock {
  let now = start.getTime()
  const waits: number[] = []
  return {
    waits,
    now: () => new Date(now),
    sleep: async (milliseconds) => {
      waits.push(milliseconds)
      now += milliseconds
    },
  }
}
