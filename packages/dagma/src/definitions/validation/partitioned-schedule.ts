import { type DagmaError, dagmaError } from '../../errors.ts'
import { type RunRequest, runRequest, type SkipReason, skipReason } from '../automation/run-request.ts'
import type { Schedule, ScheduledPartitions } from '../automation/schedule.ts'
import { placeText } from '../options/place.ts'
import type { MultiPartitions, PartitionsDefinition, TimePartitions } from '../partitions/partition-types.ts'
import { combinations, dimensionsInOrder, isTimePartitions, lastPartitionKey, partitionKeys } from '../partitions/partitions.ts'
import { TimeWindows } from '../partitions/time-windows.ts'
import { cadenceOf, cronOfCadence } from '../time/cron-cadence.ts'

/** A schedule for the partitions of its job, with the cron expression, time zone and function that follow; what is wrong goes into `errors`. */
export function scheduleOfPartitions(
  schedule: Schedule,
  forPartitions: ScheduledPartitions,
  partitions: PartitionsDefinition | undefined,
  errors: DagmaError[],
): Schedule {
  if (typeof forPartitions !== 'object' || forPartitions === null) {
    const wrong = {
      option: 'forPartitions',
      of: `schedule "${schedule.name}"${placeText(schedule)}`,
      reason: `must be 'last' or an object, not ${String(forPartitions)}`,
    }
    errors.push(dagmaError('DAGMA_OPTION_INVALID', wrong))
    return schedule
  }
  const time = partitions === undefined ? undefined : timeDimension(partitions)
  const problems = [...jobProblems(partitions, time), ...optionProblems(schedule, forPartitions, time)]
  const of = `schedule "${schedule.name}"${placeText(schedule)}`
  for (const [option, reason] of problems) errors.push(dagmaError('DAGMA_OPTION_INVALID', { option, of, reason }))
  if (partitions === undefined || problems.length > 0) return schedule
  const evaluate: Schedule['evaluate'] = ({ scheduledTime }) => requestsAt(partitions, scheduledTime, forPartitions.tags)
  if (time === undefined) return { ...schedule, executionTimezone: schedule.executionTimezone || 'UTC', evaluate }
  return { ...schedule, cronSchedule: cronOf(time, forPartitions), executionTimezone: time.timezone, evaluate }
}

type Problem = readonly [option: string, reason: string]

function jobProblems(partitions: PartitionsDefinition | undefined, time: TimePartitions | undefined): Problem[] {
  const wrong = (reason: string): Problem[] => [['forPartitions', reason]]
  if (partitions === undefined) return wrong('needs a job whose assets have partitions')
  if (time === undefined && partitions.kind !== 'static')
    return wrong('needs time partitions, static ones, or two dimensions of which one is of time')
  if (partitions.kind === 'multi' && Object.values(partitions.dimensions).some(({ kind }) => kind === 'dynamic'))
    return wrong('does not accept a dynamic dimension, whose keys a tick does not know: use evaluate')
  return []
}

function optionProblems(schedule: Schedule, { tags: _, ...at }: ScheduledPartitions, time: TimePartitions | undefined): Problem[] {
  const problems: Problem[] = []
  if (schedule.evaluate !== undefined) problems.push(['evaluate', 'cannot be combined with forPartitions, which requests the runs'])
  if (time === undefined) {
    if (schedule.cronSchedule === '') problems.push(['cronSchedule', 'is missing: static partitions have no times'])
  } else {
    const reason =
      'cannot be combined with forPartitions: the schedule ticks after each partition, in its time zone; forPartitions sets the time'
    if (schedule.cronSchedule !== '') problems.push(['cronSchedule', reason])
    if (schedule.executionTimezone !== '' && schedule.cronSchedule === '') problems.push(['executionTimezone', reason])
  }
  const ranges: { readonly [option: string]: readonly [min: number, max: number, of: readonly string[]] } = {
    minuteOfHour: [0, 59, ['hourly', 'daily', 'weekly', 'monthly']],
    hourOfDay: [0, 23, ['daily', 'weekly', 'monthly']],
    dayOfWeek: [0, 6, ['weekly']],
    dayOfMonth: [1, 31, ['monthly']],
  }
  for (const [option, value] of Object.entries(at)) {
    if (value === undefined) continue
    const range = ranges[option]
    if (range === undefined)
      problems.push([`forPartitions.${option}`, `does not exist (options: ${[...Object.keys(ranges), 'tags'].join(', ')})`])
    else if (time === undefined || !range[2].includes(cadenceOf(time.cronSchedule)?.kind ?? ''))
      problems.push([`forPartitions.${option}`, `is for ${range[2].join(', ')} partitions`])
    else if (!Number.isInteger(value) || value < range[0] || value > range[1])
      problems.push([`forPartitions.${option}`, `must be an integer from ${range[0]} to ${range[1]}, not ${value}`])
  }
  return problems
}

/** The time partitions, or the one dimension that is of time. */
function timeDimension(partitions: PartitionsDefinition): TimePartitions | undefined {
  if (isTimePartitions(partitions)) return partitions
  if (partitions.kind !== 'multi') return undefined
  const [first, ...others] = Object.values(partitions.dimensions).filter(isTimePartitions)
  return others.length === 0 ? first : undefined
}

function cronOf({ cronSchedule }: TimePartitions, at: ScheduledPartitions): string {
  const cadence = cadenceOf(cronSchedule)
  const isMoved = [at.minuteOfHour, at.hourOfDay, at.dayOfWeek, at.dayOfMonth].some((one) => one !== undefined)
  if (cadence === undefined || !isMoved) return cronSchedule
  const { minuteOfHour: minute = cadence.minute, hourOfDay: hour = cadence.hour, dayOfWeek, dayOfMonth } = at
  return cronOfCadence({ kind: cadence.kind, minute, hour, day: dayOfWeek ?? dayOfMonth ?? cadence.day })
}

/** A run for each partition that a tick is for; its key is the run key, so that each is run once. */
function requestsAt(partitions: PartitionsDefinition, now: Date, tags: ScheduledPartitions['tags']): RunRequest[] | SkipReason {
  const time = timeDimension(partitions)
  if (time !== undefined && TimeWindows.of(time).isLastExcluded(now)) return skipReason('The last window is excluded')
  const keys = keysAt(partitions, now)
  if (keys.length === 0) return skipReason('The partitions of the job have none yet')
  return keys.map((key) => runRequest({ partitionKey: key, runKey: key, ...(tags && { tags }) }))
}

function keysAt(partitions: PartitionsDefinition, now: Date): readonly string[] {
  if (partitions.kind === 'multi') return combinationsAt(partitions, now)
  return isTimePartitions(partitions) ? [lastPartitionKey(partitions, { now }) ?? []].flat() : partitionKeys(partitions, { now })
}

function combinationsAt(partitions: MultiPartitions, now: Date): readonly string[] {
  return combinations(dimensionsInOrder(partitions).map(([, dimension]) => keysAt(dimension, now)))
}
