import { dueMoment, TimeZone } from '../time/time-zone.ts'
import type { TimePartitions } from './partition-types.ts'

/**
 * All windows of a cadence in a time zone, from the beginning of time, numbered in order: window `index` lasts from `startOf(index)` to
 * `startOf(index + 1)`. What windows there are, a definition's start and end say.
 */
export interface WindowGrid {
  /** The moment at which a window starts, in milliseconds. */
  readonly startOf: (index: number) => number
  /** The window that a moment is in. */
  readonly indexAt: (moment: number) => number
  /** The key of a window's partition. */
  readonly keyOf: (index: number) => string
  /** The window that a key may name; undefined when it does not read as one. Another key may name it as well: see `keyOf`. */
  readonly indexOfKey: (key: string) => number | undefined
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

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

/** The windows of a cadence; those of hours are counted from the first one from the moment `start` on, whatever the clock does after it. */
export function windowGrid({ kind, timezone, minuteOffset, hourOffset, dayOffset }: TimePartitions, start: number): WindowGrid {
  const zone = TimeZone.of(timezone)
  if (kind === 'hourly') return hourlyGrid(zone, start, minuteOffset * minute)
  const calendar = { daily: () => daily, weekly, monthly }[kind](dayOffset)
  return calendarGrid(zone, calendar, hourOffset * hour + minuteOffset * minute)
}

function calendarGrid(zone: TimeZone, { dayOf, indexOn }: Calendar, timeOfDay: number): WindowGrid {
  const startOf = (index: number): number => dueMoment(zone, dayOf(index) * day + timeOfDay)
  return {
    startOf,
    indexAt: (moment) => {
      let index = indexOn(Math.floor(zone.localAt(moment) / day))
      while (startOf(index) > moment) index -= 1
      while (startOf(index + 1) <= moment) index += 1
      return index
    },
    keyOf: (index) => dateText(dayOf(index) * day),
    indexOfKey: (key) => {
      const local = localTime(key)
      return local === undefined ? undefined : indexOn(Math.floor(local / day))
    },
  }
}

function hourlyGrid(zone: TimeZone, start: number, minutes: number): WindowGrid {
  const phase = (((minutes - zone.offsetAt(start)) % hour) + hour) % hour
  const startOf = (index: number): number => index * hour + phase
  const indexAt = (moment: number): number => Math.floor((moment - phase) / hour)
  return {
    startOf,
    indexAt,
    keyOf: (index) => {
      const moment = startOf(index)
      const local = zone.localAt(moment)
      const key = `${dateText(local)}-${timeText(local)}`
      const [earlier, later] = zone.momentsAt(local)
      return later === moment && earlier !== moment ? `${key}${offsetText(local - moment)}` : key
    },
    indexOfKey: (key) => {
      const [, text = '', offset] = /^(\d{4}-\d\d-\d\d-\d\d:\d\d)([+-]\d{4}(?:\d\d)?)?$/.exec(key) ?? []
      const local = localTime(text)
      if (local === undefined) return undefined
      const moments = zone.momentsAt(local)
      const moment =
        offset === undefined ? (moments[0] ?? zone.momentOfSkipped(local)) : moments.find((at) => offsetText(local - at) === offset)
      return moment === undefined ? undefined : indexAt(moment)
    },
  }
}

/** A local date `2026-01-31`, or date and time `2026-01-31-06:00`, read; undefined when it is neither, or there is no such date. */
export function localTime(text: string): number | undefined {
  const [, date, clock = '00:00'] = /^([1-9]\d{3}-\d\d-\d\d)(?:-(\d\d:\d\d))?$/.exec(text) ?? []
  const local = Date.parse(`${date}T${clock}Z`)
  return Number.isNaN(local) || dateText(local) !== date || timeText(local) !== clock ? undefined : local
}

function dateText(local: number): string {
  return new Date(local).toISOString().slice(0, 10)
}

function timeText(local: number): string {
  return new Date(local).toISOString().slice(11, 16)
}

/** An offset as Python's `%z` writes it: `+0530`, with seconds if it has any. */
function offsetText(offset: number): string {
  const clock = new Date(Math.abs(offset)).toISOString().slice(11, 19).replaceAll(':', '')
  return `${offset < 0 ? '-' : '+'}${clock.replace(/00$/, '')}`
}
