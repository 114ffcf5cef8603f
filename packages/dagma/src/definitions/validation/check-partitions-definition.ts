import { partitionKeyProblem } from '../partitions/partition-key.ts'
import type { MultiPartitions, PartitionsDefinition, StaticPartitions, TimePartitions } from '../partitions/partition-types.ts'
import { isTimePartitions } from '../partitions/partitions.ts'
import { TimeWindows } from '../partitions/time-windows.ts'
import { localTime } from '../partitions/window-grid.ts'
import { keyFormatProblem } from '../time/key-format.ts'
import { isTimezone } from '../time/zone-names.ts'
import { cronProblem } from './check-cron.ts'

/** The problems of partitions: what Dagster rejects, what the two hosts would interpret differently, and definitions without any partition. */
export function partitionsProblems(partitions: PartitionsDefinition): string[] {
  if (isTimePartitions(partitions)) return timeProblems(partitions)
  switch (partitions.kind) {
    case 'static':
      return staticProblems(partitions)
    case 'dynamic':
      return typeof partitions.name === 'string' && partitions.name !== '' ? [] : ['the dynamic partitions have no name']
    case 'multi':
      return multiProblems(partitions)
  }
}

function timeProblems(partitions: TimePartitions): string[] {
  const { kind, start, end, timezone } = partitions
  const problems = [timeProblem('start', kind, start), end === null ? undefined : timeProblem('end', kind, end)].filter(
    (one) => one !== undefined,
  )
  if (!isTimezone(timezone))
    problems.push(`the time zone "${timezone}" is unknown; names are those of the IANA database, in their own case`)
  problems.push(...offsetProblems(partitions))
  if (kind === 'time_window') problems.push(...cronProblems(partitions))
  if (problems.length > 0) return problems
  const windows = TimeWindows.of(partitions)
  const wrong = windows.exclusions.filter((one) => typeof one === 'string' && cronProblem(one) !== undefined)
  if (wrong.length > 0) return wrong.map((one) => `the exclusion "${one}" is neither the key of a partition nor a cron expression`)
  if (windows.isEmpty)
    return [end === null ? 'all partitions are excluded' : `no ${words[kind]} fits between the start "${start}" and the end "${end}"`]
  return kind === 'time_window' ? keyProblems(partitions, windows) : []
}

function cronProblems({ cronSchedule, keyFormat }: TimePartitions): string[] {
  const [cron, format] = [cronProblem(cronSchedule), keyFormatProblem(keyFormat)]
  return [
    ...(cron === undefined ? [] : [`the cron expression "${cronSchedule}" is not one that Dagster takes: ${cron}`]),
    ...(format === undefined ? [] : [`the keyFormat "${keyFormat}" ${format}`]),
  ]
}

/** A key must lead back to its window. */
function keyProblems({ keyFormat, cronSchedule }: TimePartitions, windows: TimeWindows): string[] {
  const unclear = [windows.first, windows.first + 1].find(
    (index) => windows.windowOf(windows.keyOf(index))?.start !== windows.startOf(index),
  )
  if (unclear === undefined) return []
  return [`the keyFormat "${keyFormat}" gives the key "${windows.keyOf(unclear)}" to more than one window of "${cronSchedule}"`]
}

function offsetProblems({ kind, minuteOffset, hourOffset, dayOffset, endOffset }: TimePartitions): string[] {
  const days = { hourly: [0, 0], daily: [0, 0], weekly: [0, 6], monthly: [1, 28], time_window: [0, 0] } as const
  const ranges = {
    minuteOffset: [minuteOffset, 0, 59],
    hourOffset: [hourOffset, 0, kind === 'hourly' ? 0 : 23],
    dayOffset: [dayOffset, ...days[kind]],
    endOffset: [endOffset, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  } as const
  return Object.entries(ranges).flatMap(([option, [value, min, max]]) => {
    if (Number.isInteger(value) && value >= min && value <= max) return []
    const range = min === max ? 'for other cadences' : Number.isFinite(min) ? `an integer from ${min} to ${max}` : 'an integer'
    return [`the ${option} of ${kind} partitions is ${range}, not ${value}`]
  })
}

const words = { hourly: 'hour', daily: 'day', weekly: 'week', monthly: 'month', time_window: 'window' } as const

function timeProblem(option: string, kind: TimePartitions['kind'], text: string): string | undefined {
  const takesTime = kind === 'hourly' || kind === 'time_window'
  const withTime = takesTime ? ' or 2026-01-31-06:00' : ''
  if (typeof text !== 'string' || localTime(text) === undefined)
    return `the ${option} "${text}" is not a date such as 2026-01-31${withTime}`
  if (!takesTime && text.length > '2026-01-31'.length)
    return `the ${option} "${text}" has a time of day, which only hourly partitions and those of a cron expression take`
  return undefined
}

function staticProblems({ partitionKeys: keys }: StaticPartitions): string[] {
  if (!Array.isArray(keys) || keys.length === 0) return ['the list of static keys is empty']
  const wrong = keys.find((key) => typeof key !== 'string')
  if (wrong !== undefined) return [`the static key ${JSON.stringify(wrong)} is not a string`]
  const problems = keys.flatMap((key) => {
    const problem = partitionKeyProblem(key)
    return problem === undefined ? [] : [`the static key ${JSON.stringify(key)} ${problem}`]
  })
  if (new Set(keys).size === keys.length) return problems
  const twice = keys.find((key, index) => keys.indexOf(key) < index)
  return [...problems, `the static key "${twice}" is there twice`]
}

function multiProblems({ dimensions }: MultiPartitions): string[] {
  const named = Object.entries(dimensions)
  const problems = named.length === 2 ? [] : [`they have ${named.length} dimensions, while Dagster takes two`]
  for (const [name, dimension] of named) {
    if ((dimension as PartitionsDefinition).kind === 'multi') problems.push(`the dimension "${name}" has dimensions itself`)
    else problems.push(...partitionsProblems(dimension).map((problem) => `in the dimension "${name}", ${problem}`))
    if (dimension.kind !== 'static') continue
    const key = dimension.partitionKeys.find((one) => /[|[\],]/.test(one))
    if (key !== undefined)
      problems.push(`in the dimension "${name}", the key "${key}" has one of "|", "[", "]" and ",", which Dagster does not take there`)
  }
  return problems
}
