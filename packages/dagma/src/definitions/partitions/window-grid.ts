import { cadenceOf } from '../time/cron-cadence.ts'
import { expand, fieldsOf, tickFinder, timesOfDay } from '../time/cron-ticks.ts'
import { keyFormat } from '../time/key-format.ts'
import { dueMoment, isInChangingHours, TimeZone } from '../time/time-zone.ts'
import type { TimePartitions } from './partition-types.ts'

/**
 * All windows of a cron expression in a time zone, from the beginning of time, numbered in order: window `index` lasts from `startOf(index)` to
 * `startOf(index + 1)`. What windows there are, a definition's start, end and exclusions say.
 */
export interface WindowGrid extends Moments {
  /** The key of a window's partition. */
  readonly keyOf: (index: number) => string
  /** The window that a key may name; undefined when it does not read as one. Another key may name it as well: see `keyOf`. */
  readonly indexOfKey: (key: string) => number | undefined
}

/** Moments in order, numbered. */
interface Moments {
  /** The moment at which a window starts, in milliseconds. */
  readonly startOf: (index: number) => number
  /** The window that a moment is in. */
  readonly indexAt: (moment: number) => number
  /** The local time at which a window starts. */
  readonly localOf: (index: number) => number
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The windows of a definition; those of minutes are counted from the first one from the moment `start` on, whatever the clock does after it. */
export function windowGrid({ cronSchedule, keyFormat: format, timezone }: TimePartitions, start: number): WindowGrid {
  const zone = TimeZone.of(timezone)
  const fields = fieldsOf(cronSchedule)
  const moments = momentsOf(cronSchedule, fields, timezone, start)
  const { startOf, indexAt, localOf } = moments
  const { write, read } = keyFormat(format)
  const repeatsEveryHour = fields[1] === '*'
  const keyOf = (index: number): string => {
    const local = localOf(index)
    const key = write(local)
    if (!repeatsEveryHour) return key
    const moment = startOf(index)
    const [earlier, later] = zone.momentsAt(local)
    return later === moment && earlier !== moment ? `${key}${offsetText(local - moment)}` : key
  }
  return {
    ...moments,
    keyOf,
    indexOfKey: (key) => {
      const moment = momentOfKey(key, read, zone, repeatsEveryHour)
      if (moment === undefined) return undefined
      const at = indexAt(moment)
      const index = startOf(at) < moment ? at + 1 : at
      return keyOf(index) !== key && keyOf(index - 1) === key ? index - 1 : index // a day that a zone left out has a window without length
    },
  }
}

/** The moment that a key names: of a time that is repeated the first one, unless the key has an offset. */
function momentOfKey(key: string, read: (text: string) => number | undefined, zone: TimeZone, mayHaveOffset: boolean): number | undefined {
  const local = read(key)
  if (local !== undefined) return zone.momentsAt(local)[0] ?? zone.momentOfSkipped(local)
  const [, text = '', offset] = (mayHaveOffset && /^(.*)([+-]\d{4}(?:\d\d)?)$/s.exec(key)) || []
  const repeated = offset === undefined ? undefined : read(text)
  return repeated === undefined ? undefined : zone.momentsAt(repeated).find((at) => offsetText(repeated - at) === offset)
}

function momentsOf(cronSchedule: string, [minutes = '', hours, ...days]: readonly string[], timezone: string, start: number): Moments {
  const zone = TimeZone.of(timezone)
  if (hours === '*' && days.every((field) => field === '*')) return passingMinutes(zone, start, expand(minutes, 0, 59))
  const cadence = cadenceOf(cronSchedule)
  if (cadence === undefined || cadence.kind === 'hourly' || cadence.day > 28) return listed(zone, cronSchedule, timezone, start)
  const calendar = { daily: () => daily, weekly, monthly }[cadence.kind](cadence.day)
  return onCalendar(zone, calendar, cadence.hour * hour + cadence.minute * minute)
}

/** When windows begin that are cut at local dates: the windows' numbers, and the local days on which they start, counted from 1970. */
interface Calendar {
  readonly dayOf: (index: number) => number
  /** The window that starts on a day, or the last before it. */
  readonly indexOn: (day: number) => number
}

const daily: Calendar = { dayOf: (index) => index, indexOn: (day) => day }

/** 1970-01-04 was a Sunday. */
const firstSunday = 3

function weekly(dayOffset: number): Calendar {
  const first = firstSunday + dayOffset
  return { dayOf: (index) => index * 7 + first, indexOn: (day) => Math.floor((day - first) / 7) }
}

function monthly(dayOffset: number): Calendar {
  return {
    dayOf: (index) => Date.UTC(1970, index, dayOffset) / day,
    indexOn: (on) => {
      const date = new Date(on * day)
      return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth() - (date.getUTCDate() < dayOffset ? 1 : 0)
    },
  }
}

function onCalendar(zone: TimeZone, { dayOf, indexOn }: Calendar, timeOfDay: number): Moments {
  const startOf = (index: number): number => dueMoment(zone, dayOf(index) * day + timeOfDay)
  return {
    startOf,
    localOf: (index) => dayOf(index) * day + modulo(shownAt(zone, startOf(index), [timeOfDay]), day),
    indexAt: (moment) => {
      let index = indexOn(Math.floor(zone.localAt(moment) / day))
      while (startOf(index) > moment) index -= 1
      while (startOf(index + 1) <= moment) index += 1
      return index
    },
  }
}

/** Windows that begin at some minutes of every hour that passes. */
function passingMinutes(zone: TimeZone, start: number, minutes: readonly number[]): Moments {
  const shift = modulo(-zone.offsetAt(start), hour)
  const due = minutes.map((one) => modulo(one * minute + shift, hour)).sort((one, other) => one - other)
  const startOf = (index: number): number => Math.floor(index / due.length) * hour + (due[modulo(index, due.length)] ?? 0)
  return {
    startOf,
    localOf: (index) => zone.localAt(startOf(index)),
    indexAt: (moment) => {
      const within = modulo(moment, hour)
      return Math.floor(moment / hour) * due.length + due.filter((one) => one <= within).length - 1
    },
  }
}

/**
 * Dagster's text for the start of a window. Where the clock skips the time at which it is due, Dagster shows that time nevertheless, unless it is
 * between one and four o'clock.
 */
function shownAt(zone: TimeZone, moment: number, times: readonly number[]): number {
  const local = moment + zone.offsetAt(moment - day)
  const isSkipped = zone.momentsAt(local).length === 0 && times.includes(modulo(local, day))
  return isSkipped && !isInChangingHours(local) ? local : zone.localAt(moment)
}

/** Windows of any other cron expression, listed as far as somebody asks for them: those from `start` on, and those before it. */
function listed(zone: TimeZone, cronSchedule: string, timezone: string, start: number): Moments {
  const [minutes = '', hours = ''] = fieldsOf(cronSchedule)
  const times = hours === '*' ? [] : timesOfDay(hours, minutes)
  const next = tickFinder(cronSchedule, timezone, new Date(start))
  const ahead: number[] = []
  const behind: number[] = []
  const addAhead = (): void => void ahead.push(next(ahead.at(-1) ?? start - 1) ?? Number.POSITIVE_INFINITY)
  const addBehind = (): void => {
    const until = behind.at(-1) ?? start
    for (let span = 40 * day; ; span *= 2) {
      const found: number[] = []
      const from = tickFinder(cronSchedule, timezone, new Date(until - span))
      for (let at = from(until - span - 1); at !== undefined && at < until; at = from(at)) found.unshift(at)
      if (found.length === 0 && span < 100 * 365 * day) continue
      behind.push(...(found.length === 0 ? [Number.NEGATIVE_INFINITY] : found))
      return
    }
  }
  const startOf = (index: number): number => {
    while (index >= ahead.length) addAhead()
    while (-index > behind.length) addBehind()
    return (index >= 0 ? ahead[index] : behind[-index - 1]) ?? Number.NaN
  }
  return {
    startOf,
    localOf: (index) => shownAt(zone, startOf(index), times),
    indexAt: (moment) => {
      while ((ahead.at(-1) ?? Number.NEGATIVE_INFINITY) <= moment) addAhead()
      while ((behind.at(-1) ?? Number.POSITIVE_INFINITY) > moment) addBehind()
      let [low, high] = [-behind.length, ahead.length - 1]
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2)
        if (startOf(middle) <= moment) low = middle
        else high = middle
      }
      return low
    },
  }
}

/** A local date `2026-01-31`, or date and time `2026-01-31-06:00`, read; undefined when it is neither, or there is no such date. */
export function localTime(text: string): number | undefined {
  return keyFormat('%Y-%m-%d').read(text) ?? keyFormat('%Y-%m-%d-%H:%M').read(text)
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}

/** An offset as Python's `%z` writes it: `+0530`, with seconds if it has any. */
function offsetText(offset: number): string {
  const clock = new Date(Math.abs(offset)).toISOString().slice(11, 19).replaceAll(':', '')
  return `${offset < 0 ? '-' : '+'}${clock.replace(/00$/, '')}`
}
