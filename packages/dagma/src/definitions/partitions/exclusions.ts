import { tickFinder } from '../time/cron-ticks.ts'
import type { TimePartitions } from './partition-types.ts'
import type { WindowGrid } from './window-grid.ts'

/** Ticks are remembered by spans of this length. */
const span = 8 * 86_400_000

/** The windows that a definition leaves out. */
export class Exclusions {
  /** An exclusion: the start of a window, in milliseconds since 1970, or a cron expression that matches the starts. */
  readonly declared: readonly (number | string)[]
  readonly #moments: ReadonlySet<number>
  readonly #crons: readonly string[]
  readonly #timezone: string
  readonly #ticks = new Map<number, ReadonlySet<number>>()

  constructor({ exclude, timezone }: TimePartitions, { indexOfKey, keyOf, startOf }: WindowGrid) {
    this.#timezone = timezone
    this.declared = exclude.map((text) => {
      const index = indexOfKey(text)
      return index !== undefined && keyOf(index) === text ? startOf(index) : text
    })
    this.#moments = new Set(this.declared.filter((one) => typeof one === 'number'))
    this.#crons = this.declared.filter((one) => typeof one === 'string')
  }

  /** Whether a window that starts at a moment is left out. */
  has(moment: number): boolean {
    return this.#moments.has(moment) || (this.#crons.length > 0 && this.#ticksAround(moment).has(moment))
  }

  #ticksAround(moment: number): ReadonlySet<number> {
    const number = Math.floor(moment / span)
    const ticks = this.#ticks.get(number) ?? new Set(this.#crons.flatMap((cron) => this.#ticksIn(cron, number * span)))
    this.#ticks.set(number, ticks)
    return ticks
  }

  #ticksIn(cron: string, from: number): number[] {
    const next = tickFinder(cron, this.#timezone, new Date(from))
    const ticks: number[] = []
    for (let at = next(from - 1); at !== undefined && at < from + span; at = next(at)) ticks.push(at)
    return ticks
  }
}
