import { Cron } from 'croner'
import { fieldRanges, withEnds } from './cron-fields.ts'
import { dueMoment, TimeZone } from './time-zone.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The first `count` moments from `start` on at which Dagster ticks a schedule, changes of the clock included. */
export function cronTicks(cronSchedule: string, timezone: string, start: Date, count: number): Date[] {
  const next = tickFinder(cronSchedule, timezone, start)
  const ticks: Date[] = []
  for (let at = next(start.getTime() - 1); at !== undefined && ticks.length < count; at = next(at)) ticks.push(new Date(at))
  return ticks
}

/** Gives the first tick after a moment; undefined when there is none. */
export type TickFinder = (after: number) => number | undefined

/**
 * Dagster has three ways of going on. What names only minutes goes by minutes that pass, whatever the clock does. Another one that is due in
 * every hour goes by what the clock shows, twice where it shows an hour twice. What is due at some hours of a day is due once a day, also where
 * the hour is skipped or repeated.
 */
export function tickFinder(cronSchedule: string, timezone: string, start: Date): TickFinder {
  const zone = TimeZone.of(timezone)
  const fields = fieldsOf(cronSchedule)
  const [minutes = '', hours = '', ...days] = fields
  if (hours === '*' && minutes !== '*' && days.every((field) => field === '*')) return byPassingMinutes(zone, expand(minutes, 0, 59), start)
  const wall: WallClock = {
    days: new Cron(`0 0 ${days.join(' ')}`, { timezone: 'UTC', mode: '5-part', paused: true }),
    times: timesOfDay(hours, minutes),
  }
  if (hours === '*') return byClock(zone, wall)
  const isOneTime = wall.times.length === 1
  return byDay(zone, wall, isOneTime && isRegular(days) ? dueMoment : dueLater)
}

/** Whether what happens at one time of day happens on each of some weekdays, or on a day that every month has: Dagster knows these itself. */
function isRegular([dayOfMonth = '', month = '', weekday = '']: string[]): boolean {
  if (month !== '*' || /[#l]/i.test(weekday)) return false
  return dayOfMonth === '*' || (weekday === '*' && /^\d+$/.test(dayOfMonth) && Number(dayOfMonth) <= 28)
}

/** As {@link dueMoment}, where Dagster leaves the cron expression to croniter: of a time that is repeated, always the second one. */
function dueLater(zone: TimeZone, local: number): number {
  return zone.momentsAt(local).at(-1) ?? dueMoment(zone, local)
}

function byPassingMinutes(zone: TimeZone, due: readonly number[], start: Date): TickFinder {
  // Dagster counts minutes in UTC where that makes no difference, which it looks up for the moment at which it runs.
  const local = zone.offsetAt(start.getTime()) % hour !== 0
  const minuteOf = (moment: number): number => Math.floor((((local ? zone.localAt(moment) : moment) % hour) + hour) / minute) % 60
  let last: number | undefined
  return (after) => {
    const from = Math.ceil(after / minute) * minute
    const candidates = due.map((one) => from + ((one - minuteOf(from) + 60) % 60) * minute)
    const next = Math.min(...candidates.map((candidate) => (candidate <= after ? candidate + hour : candidate)))
    last = due.length === 1 && last === after ? after + hour : next
    return last
  }
}

function byClock(zone: TimeZone, wall: WallClock): TickFinder {
  return (after) => {
    let first: number | undefined
    for (const local of localTimes(wall, zone.localAt(after) - 3 * hour)) {
      for (const moment of zone.momentsAt(local)) if (moment > after && (first === undefined || moment < first)) first = moment
      if (first !== undefined && local > zone.localAt(first) + 3 * hour) return first
    }
    return first
  }
}

function byDay(zone: TimeZone, wall: WallClock, due: typeof dueMoment): TickFinder {
  return (after) => {
    for (const local of localTimes(wall, zone.localAt(after) - 3 * hour)) {
      const moment = due(zone, local)
      if (moment > after) return moment
    }
    return undefined
  }
}

/** When a cron expression is due by what clocks show: the midnights of its days, and its times of day. */
interface WallClock {
  readonly days: Cron
  readonly times: readonly number[]
}

/** The local times after one at which a cron expression is due. */
function* localTimes({ days, times }: WallClock, after: number): Generator<number> {
  const eve = new Date(Math.floor(after / day) * day - 1000)
  for (let midnight = days.nextRun(eve); midnight !== null; midnight = days.nextRun(midnight))
    for (const time of times) if (midnight.getTime() + time > after) yield midnight.getTime() + time
}

const nicknames: { readonly [name: string]: string } = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}

/**
 * The five fields. One that names every value is "*", as Dagster reads it: days are then due by the other field for days alone. But if the other
 * has no "*" at all, each day is due.
 */
export function fieldsOf(cronSchedule: string): string[] {
  const text = cronSchedule.trim().toLowerCase()
  const fields = withEnds(nicknames[text] ?? text)
    .replaceAll('?', '*')
    .split(' ')
  return fields.map((field, index) => {
    if (/^(\*|\d+)$/.test(field)) return field
    const [min, max] = fieldRanges[index] ?? [0, 0]
    const isFull = new Set(expand(field, min, max).map((number) => (index === 4 ? number % 7 : number))).size > max - min
    const otherDays = { 2: fields[4], 4: fields[2] }[index] ?? '*'
    return isFull && otherDays.includes('*') ? '*' : field
  })
}

/** The times of day that these fields mean, in milliseconds, in order. */
export function timesOfDay(hours: string, minutes: string): number[] {
  return expand(hours, 0, 23).flatMap((atHour) => expand(minutes, 0, 59).map((atMinute) => atHour * hour + atMinute * minute))
}

/** The numbers that a field means, in order; names of days and months are none. */
export function expand(field: string, min: number, max: number): number[] {
  const numbers = new Set<number>()
  for (const part of field.split(',')) {
    const [range = '', step = '1'] = part.split('/')
    const [from = min, to = part.includes('/') ? max : from] = range === '*' ? [min, max] : range.split('-').map(Number)
    for (let number = from; number <= to; number += Number(step)) numbers.add(number)
  }
  return [...numbers].sort((one, other) => one - other)
}
