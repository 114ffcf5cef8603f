/** How long a span of time in which a zone changes its offset at most once. Shorter than any that a zone has had: Ramadan in Morocco is 30 days. */
const spanLength = 6 * 86_400_000

/** A change of a zone's offset within a span; `at` is the span's end when there is none. Times in milliseconds. */
interface Change {
  readonly at: number
  readonly before: number
  readonly after: number
}

/**
 * The clock of a time zone. Moments are milliseconds since 1970 in UTC; a local time is what the clock shows, as the moment at which a clock in
 * UTC shows the same. Offsets are read from `Intl` twice per span and remembered, as reading one takes five microseconds.
 */
export class TimeZone {
  static readonly #zones = new Map<string, TimeZone>()
  readonly #format: Intl.DateTimeFormat | undefined
  readonly #changes = new Map<number, Change>()

  private constructor(name: string) {
    // Making the first format takes 20 ms, which a project in UTC need not wait for.
    this.#format =
      name.toUpperCase() === 'UTC'
        ? undefined
        : new Intl.DateTimeFormat('en', {
            timeZone: name,
            hourCycle: 'h23',
            year: 'numeric',
            month: 'numeric',
            day: 'numeric',
            hour: 'numeric',
            minute: 'numeric',
            second: 'numeric',
          })
  }

  /** The zone of an IANA name. @throws RangeError when Node does not know it */
  static of(name: string): TimeZone {
    let zone = TimeZone.#zones.get(name)
    if (zone === undefined) {
      zone = new TimeZone(name)
      TimeZone.#zones.set(name, zone)
    }
    return zone
  }

  /** How far local time is ahead of UTC at a moment, in milliseconds. */
  offsetAt(moment: number): number {
    if (this.#format === undefined) return 0
    const { at, before, after } = this.#changeIn(Math.floor(moment / spanLength))
    return moment < at ? before : after
  }

  /** The local time at an instant. */
  localAt(moment: number): number {
    return moment + this.offsetAt(moment)
  }

  /** The moments at which the clock shows a local time: none when it is skipped, two when it is repeated, the earlier first. */
  momentsAt(local: number): number[] {
    if (this.#format === undefined) return [local]
    const [before, after] = [this.#offsetBefore(local), this.offsetAt(local + 86_400_000)]
    const offsets = before === after ? [before] : [before, after]
    return offsets.map((offset) => local - offset).filter((moment, index) => this.offsetAt(moment) === offsets[index])
  }

  /** The moment at which the clock would show a skipped local time had it not been changed. */
  momentOfSkipped(local: number): number {
    return local - this.#offsetBefore(local)
  }

  /** The offset before a change around a local time. */
  #offsetBefore(local: number): number {
    return this.offsetAt(local - 86_400_000)
  }

  #changeIn(span: number): Change {
    let change = this.#changes.get(span)
    if (change === undefined) {
      change = this.#findChange(span * spanLength, (span + 1) * spanLength)
      this.#changes.set(span, change)
    }
    return change
  }

  #findChange(from: number, to: number): Change {
    const [before, after] = [this.#read(from), this.#read(to)]
    if (before === after) return { at: to, before, after }
    let [low, high] = [from, to]
    while (high - low > 1000) {
      const middle = low + Math.floor((high - low) / 2000) * 1000
      if (this.#read(middle) === before) low = middle
      else high = middle
    }
    return { at: high, before, after }
  }

  #read(moment: number): number {
    const parts = new Map(this.#format?.formatToParts(moment).map(({ type, value }) => [type, Number(value)]))
    const at = (part: Intl.DateTimeFormatPartTypes): number => parts.get(part) ?? 0
    const local = Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second'))
    return local - Math.floor(moment / 1000) * 1000
  }
}

/**
 * The moment at which something that is due at a local time happens in Dagster, where it does not repeat every hour: of a time between one and
 * four o'clock that is repeated the second one, of another the first; of a time that is skipped, the first after it.
 */
export function dueMoment(zone: TimeZone, local: number): number {
  const [first, second] = zone.momentsAt(local)
  const inChangingHours = isInChangingHours(local)
  if (first !== undefined) return inChangingHours ? (second ?? first) : first
  return zone.momentOfSkipped(inChangingHours ? Math.floor(local / 3_600_000) * 3_600_000 : local)
}

/** Whether it is between one and four o'clock, when Dagster expects clocks to be changed. */
export function isInChangingHours(local: number): boolean {
  return [1, 2, 3].includes(new Date(local).getUTCHours())
}
