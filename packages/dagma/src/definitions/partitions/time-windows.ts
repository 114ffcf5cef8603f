import { TimeZone } from '../time/time-zone.ts'
import { Exclusions } from './exclusions.ts'
import type { TimePartitions } from './partition-types.ts'
import { localTime, type WindowGrid, windowGrid } from './window-grid.ts'

/** Windows by their numbers, from the first to the last, both included; none when the last comes before the first. */
export interface WindowRange {
  readonly first: number
  readonly last: number
}

const known = new WeakMap<TimePartitions, TimeWindows>()

/**
 * The windows of time partitions. A window exists from its end on, or as many windows earlier as the end offset says, unless it is excluded. Numbers
 * count windows in order, excluded ones too; they mean nothing to another definition. Nothing here lists windows but `keys`, as hourly partitions
 * have 100,000 of them in twelve years.
 */
export class TimeWindows {
  readonly #grid: WindowGrid
  readonly #exclusions: Exclusions
  readonly #start: number
  #first: number | undefined
  readonly #end: number | undefined
  readonly #endOffset: number
  #listed: { readonly last: number; readonly keys: readonly string[] } | undefined

  private constructor(partitions: TimePartitions) {
    const { start, end, timezone } = partitions
    const from = moment(start, timezone)
    this.#grid = windowGrid(partitions, from)
    this.#exclusions = new Exclusions(partitions, this.#grid)
    this.#endOffset = partitions.endOffset
    this.#start = from
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

  /** Exclusions: the starts of windows, in milliseconds since 1970, and cron expressions. */
  get exclusions(): readonly (number | string)[] {
    return this.#exclusions.declared
  }

  /** The first window, whether it exists yet or not. */
  get first(): number {
    this.#first ??= this.#step(this.#from(this.#start) - 1, 1)
    return this.#first
  }

  /** Whether there will ever be a window. */
  get isEmpty(): boolean {
    return !Number.isFinite(this.first) || (this.#end !== undefined && this.endOf(this.first) > this.#end)
  }

  /** From the first to the last window that exists at `now`; those between that are excluded do not. */
  existing(now: Date): WindowRange {
    const [first, offset] = [this.first, this.#endOffset]
    const lastEnded = (moment: number): number => this.#step(this.#grid.indexAt(moment), -1)
    const lastBeforeEnd = this.#end === undefined ? Number.POSITIVE_INFINITY : lastEnded(this.#end)
    const last = this.#step(lastEnded(now.getTime()), offset)
    // Dagster has the first window of an end offset as soon as the one before it has begun.
    const isEarly = offset > 0 && last < first && first < this.#step(this.#step(this.#from(now.getTime()) - 1, 1), offset)
    return { first, last: isEarly ? first : Math.min(last, lastBeforeEnd) }
  }

  /** Whether the last window at `now` is an excluded one, where any window exists. */
  isLastExcluded(now: Date): boolean {
    const { first, last } = this.existing(now)
    const lastEnded = this.#grid.indexAt(now.getTime()) - 1 + this.#endOffset
    const beforeEnd = this.#end === undefined ? Number.POSITIVE_INFINITY : this.#grid.indexAt(this.#end) - 1
    return last >= first && this.#isExcluded(Math.max(first, Math.min(lastEnded, beforeEnd)))
  }

  /** The window that a key names; undefined when none does that exists at `now`. */
  find(key: string, now: Date): number | undefined {
    const index = this.#grid.indexOfKey(key)
    const { first, last } = this.existing(now)
    const exists = index !== undefined && index >= first && index <= last && !this.#isExcluded(index)
    return exists && this.#grid.keyOf(index) === key ? index : undefined
  }

  /** The span of time that a key names, in milliseconds since 1970, whether its window exists or not; undefined when it does not read as one. */
  windowOf(key: string): { readonly start: number; readonly end: number } | undefined {
    const index = this.#grid.indexOfKey(key)
    return index === undefined ? undefined : { start: this.startOf(index), end: this.endOf(index) }
  }

  keyOf(index: number): string {
    return this.#grid.keyOf(index)
  }

  /** The moment at which a window starts, in milliseconds since 1970. */
  startOf(index: number): number {
    return this.#grid.startOf(index)
  }

  /** The moment at which a window ends, which is when the next one starts, whether that is excluded or not. */
  endOf(index: number): number {
    return this.#grid.startOf(index + 1)
  }

  /** The start of a window, moved by that many windows that are not excluded. */
  startMovedBy(index: number, offset: number): number {
    return offset > 0 ? this.endOf(this.#step(index, offset - 1)) : this.startOf(this.#step(index, offset))
  }

  /** The end of a window, moved likewise. */
  endMovedBy(index: number, offset: number): number {
    return offset < 0 ? this.startOf(this.#step(index, offset + 1)) : this.endOf(this.#step(index, offset))
  }

  /**
   * The windows that a span of time has a part in, whether they exist or not. Where an excluded one has the start or the end, Dagster takes the one
   * before it, unless its bounds `align` with those of the span.
   */
  overlapping(from: number, to: number, align: boolean): WindowRange {
    const [first, last] = [this.#grid.indexAt(from), this.#grid.indexAt(to - 1)]
    return align ? { first, last } : { first: this.#step(first + 1, -1), last: this.#step(last + 1, -1) }
  }

  /** The keys of the windows that exist at `now`, oldest first. */
  keys(now: Date): readonly string[] {
    const range = this.existing(now)
    if (this.#listed?.last !== range.last) this.#listed = { last: range.last, keys: this.keysOf(range) }
    return this.#listed.keys
  }

  /** The keys of these windows without those excluded, oldest first. */
  keysOf(range: WindowRange): string[] {
    return this.indexesOf(range).map((index) => this.#grid.keyOf(index))
  }

  /** The numbers of these windows without those excluded, oldest first. */
  indexesOf({ first, last }: WindowRange): number[] {
    const all = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at)
    return this.#exclusions.declared.length === 0 ? all : all.filter((index) => !this.#isExcluded(index))
  }

  #isExcluded(index: number): boolean {
    return this.#exclusions.declared.length > 0 && this.#exclusions.has(this.#grid.startOf(index))
  }

  /** The first window from a moment on. */
  #from(moment: number): number {
    const at = this.#grid.indexAt(moment)
    return this.#grid.startOf(at) === moment ? at : at + 1
  }

  /** The window that many windows after another, or before it, not counting excluded ones; infinite where all windows after it are excluded. */
  #step(index: number, by: number): number {
    if (this.#exclusions.declared.length === 0) return index + by
    const direction = Math.sign(by)
    let [at, left, excluded] = [index, Math.abs(by), 0]
    while (left > 0 && excluded < mostExcluded) {
      at += direction
      if (!(Math.abs(this.startOf(at)) < endOfTime)) break
      if (this.#isExcluded(at)) excluded += 1
      else [left, excluded] = [left - 1, 0]
    }
    return left > 0 ? direction * Number.POSITIVE_INFINITY : at
  }
}

/** After this many excluded windows in a row, all are considered excluded. */
const mostExcluded = 10_000

/** The year 10000, which neither Dagster nor a cron expression reaches, in milliseconds since 1970. */
const endOfTime = 253_402_300_800_000

/** The moment of a local date or time; of one that is repeated, the first. */
function moment(text: string, timezone: string): number {
  const zone = TimeZone.of(timezone)
  const local = localTime(text) ?? Number.NaN
  return zone.momentsAt(local)[0] ?? zone.momentOfSkipped(local)
}
