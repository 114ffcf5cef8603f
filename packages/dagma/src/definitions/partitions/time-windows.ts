import { TimeZone } from '../time/time-zone.ts'
import type { TimePartitions } from './partition-types.ts'
import { localTime, type WindowGrid, windowGrid } from './window-grid.ts'

/** Windows by their numbers, from the first to the last, both included; none when the last comes before the first. */
export interface WindowRange {
  readonly first: number
  readonly last: number
}

const known = new WeakMap<TimePartitions, TimeWindows>()

/**
 * The windows of time partitions. A window exists from its end on, or as many windows earlier as the end offset says. Numbers count windows in order; they mean nothing to another definition.
 * Nothing here lists windows but `keys`, as hourly partitions have 100,000 of them in twelve years.
 */
export class TimeWindows {
  readonly #grid: WindowGrid
  readonly #first: number
  readonly #end: number | undefined
  readonly #endOffset: number
  #listed: { readonly last: number; readonly keys: readonly string[] } | undefined

  private constructor(partitions: TimePartitions) {
    const { start, end, timezone } = partitions
    const from = moment(start, timezone)
    this.#grid = windowGrid(partitions, from)
    this.#endOffset = partitions.endOffset
    const at = this.#grid.indexAt(from)
    this.#first = this.#grid.startOf(at) === from ? at : at + 1
    this.#end = end === null ? undefined : moment(end, timezone)
  }

  /** The windows of partitions that `definitions()` has checked. */
  static of(partitions: TimePartitions): TimeWindows {
    let windows = known.get(partitions)
    if (windows === undefined) {
      windows = new TimeWindows(partitions)
      known.set(partitions, windows)
    }
    return windows
  }

  /** Whether there will ever be a window. */
  get isEmpty(): boolean {
    return this.#end !== undefined && this.#grid.startOf(this.#first + 1) > this.#end
  }

  /** The windows that exist at `now`. */
  existing(now: Date): WindowRange {
    const current = this.#grid.indexAt(now.getTime())
    const last = Math.min(current + this.#endOffset, this.#end === undefined ? Number.POSITIVE_INFINITY : this.#grid.indexAt(this.#end)) - 1
    // Dagster has the first window of an end offset as soon as the one before it has begun.
    const early = this.#endOffset > 0 && last + 1 === this.#first && this.#grid.startOf(current) < now.getTime()
    return { first: this.#first, last: early ? this.#first : last }
  }

  /** The window that a key names; undefined when none does that exists at `now`. */
  find(key: string, now: Date): number | undefined {
    const index = this.#grid.indexOfKey(key)
    const { first, last } = this.existing(now)
    return index !== undefined && index >= first && index <= last && this.#grid.keyOf(index) === key ? index : undefined
  }

  /** The span of time that a key names, in milliseconds since 1970, whether its window exists or not; undefined when it does not read as one. */
  windowOf(key: string): { readonly start: number; readonly end: number } | undefined {
    const index = this.#grid.indexOfKey(key)
    return index === undefined ? undefined : { start: this.#grid.startOf(index), end: this.#grid.startOf(index + 1) }
  }

  keyOf(index: number): string {
    return this.#grid.keyOf(index)
  }

  /** The moment at which a window starts, in milliseconds since 1970; the window before it ends then. */
  startOf(index: number): number {
    return this.#grid.startOf(index)
  }

  /** The windows that a span of time has a part in, whether they exist or not. */
  overlapping(from: number, to: number): WindowRange {
    return { first: this.#grid.indexAt(from), last: this.#grid.indexAt(to - 1) }
  }

  /** The keys of the windows that exist at `now`, oldest first. */
  keys(now: Date): readonly string[] {
    const range = this.existing(now)
    if (this.#listed?.last !== range.last) this.#listed = { last: range.last, keys: this.keysOf(range) }
    return this.#listed.keys
  }

  /** The keys of these windows, oldest first. */
  keysOf({ first, last }: WindowRange): string[] {
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => this.#grid.keyOf(first + at))
  }
}

/** The moment of a local date or time; of one that is repeated, the first. */
function moment(text: string, timezone: string): number {
  const zone = TimeZone.of(timezone)
  const local = localTime(text) ?? Number.NaN
  return zone.momentsAt(local)[0] ?? zone.momentOfSkipped(local)
}
