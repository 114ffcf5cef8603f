import { Cron } from 'croner'
import { dagmaError } from '../../errors.ts'
import type { Cadence, TimePartitions } from './partitions.ts'

/** When windows begin: Dagster's own cron lines for the four cadences. */
const cronOf: { readonly [kind in Cadence]: string } = {
  hourly: '0 * * * *',
  daily: '0 0 * * *',
  weekly: '0 0 * * 0',
  monthly: '0 0 1 * *',
}

/** A window of time partitions. */
export interface TimeWindow {
  readonly key: string
  readonly start: Date
  readonly end: Date
}

/** Keys of the windows that have ended by `now`, oldest first. @throws DAGMA_PARTITIONS_INVALID */
export function timeWindowKeys(partitions: TimePartitions, now: Date): string[] {
  return timeWindows(partitions, now).map((window) => window.key)
}

/** The windows that have ended by `now`, oldest first. @throws DAGMA_PARTITIONS_INVALID */
export function timeWindows(partitions: TimePartitions, now: Date): TimeWindow[] {
  const { kind, start, end, timezone } = partitions
  const ticks = cron(partitions)
  const stop = end === null ? now : new Date(Math.min(now.getTime(), moment(end, partitions).getTime()))
  const windows: TimeWindow[] = []
  let begin = ticks.nextRun(new Date(moment(start, partitions).getTime() - 1))
  while (begin !== null) {
    const next = ticks.nextRun(begin)
    if (next === null || next > stop) break
    windows.push({ key: keyOf(begin, kind, timezone), start: begin, end: next })
    begin = next
  }
  return windows
}

/** Whether start, end and time zone of the partitions of `what` can be read. @throws DAGMA_PARTITIONS_INVALID */
export function checkTimePartitions(partitions: TimePartitions, what: string): void {
  cron(partitions, what)
  moment(partitions.start, partitions, what)
  if (partitions.end !== null) moment(partitions.end, partitions, what)
}

function cron({ kind, timezone }: TimePartitions, what = 'A partition'): Cron {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone })
  } catch {
    throw dagmaError('DAGMA_PARTITIONS_INVALID', { what, reason: `the time zone "${timezone}" is unknown` })
  }
  return new Cron(cronOf[kind], { timezone, paused: true })
}

/** The moment at which a local date or time begins in a time zone. */
function moment(text: string, { kind, timezone }: TimePartitions, what = 'A partition'): Date {
  const found = /^(\d{4})-(\d{2})-(\d{2})(?:-(\d{2}):(\d{2}))?$/.exec(text)
  if (found === null || Number.isNaN(Date.parse(text.slice(0, 10)))) {
    throw dagmaError('DAGMA_PARTITIONS_INVALID', {
      what,
      reason: `"${text}" is no date such as 2026-01-31${kind === 'hourly' ? ' or 2026-01-31-06:00' : ''}`,
    })
  }
  const [year, month, day, hour, minute] = found.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number, number]
  const asUtc = Date.UTC(year, month - 1, day, hour, minute)
  const guess = asUtc - offset(asUtc, timezone)
  return new Date(asUtc - offset(guess, timezone))
}

/** How far local time is ahead of UTC at a moment, in milliseconds. */
function offset(at: number, timezone: string): number {
  const { year, month, day, hour, minute } = localParts(new Date(at), timezone)
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute)) - Math.floor(at / 60_000) * 60_000
}

function keyOf(begin: Date, kind: Cadence, timezone: string): string {
  const { year, month, day, hour, minute } = localParts(begin, timezone)
  return kind === 'hourly' ? `${year}-${month}-${day}-${hour}:${minute}` : `${year}-${month}-${day}`
}

const formats = new Map<string, Intl.DateTimeFormat>()

function localParts(at: Date, timezone: string): Record<string, string> {
  let format = formats.get(timezone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    })
    formats.set(timezone, format)
  }
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
}
