import { mapped } from '../definitions/assets/asset-spec.ts'
import type { RunRequest } from '../definitions/automation/run-request.ts'
import { type ScheduleContext, type ScheduledPartitions, schedule } from '../definitions/automation/schedule.ts'
import { type PartitionMapping, withoutMapping } from '../definitions/partitions/partition-mapping.ts'
import type { PartitionsDefinition, SinglePartitions, TimePartitions } from '../definitions/partitions/partition-types.ts'
import {
  dailyPartitions,
  hasPartition,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  timeWindowPartitions,
  weeklyPartitions,
} from '../definitions/partitions/partitions.ts'
import { TimeWindows } from '../definitions/partitions/time-windows.ts'
import { upstreamKeys, upstreamPartitions } from '../definitions/partitions/upstream-partitions.ts'
import { cronTicks } from '../definitions/time/cron-ticks.ts'
import { TimeZone } from '../definitions/time/time-zone.ts'
import { checkCron } from '../definitions/validation/check-cron.ts'
import { mappingProblem } from '../definitions/validation/check-mapping.ts'
import { partitionsProblems } from '../definitions/validation/check-partitions-definition.ts'
import { scheduleOfPartitions } from '../definitions/validation/partitioned-schedule.ts'
import type { DagmaError } from '../errors.ts'

/** Python's offsets from UTC around a case, in seconds, at midnights in UTC of days that are counted from 1970. */
interface Around {
  readonly offsets: readonly (readonly [day: number, offset: number])[]
}

/** The output of scripts/random/partitions.py. */
export interface DagsterCases {
  readonly windows: readonly (Around & {
    readonly partitions: DeclaredTime
    /** Of the definition that Dagster made. */
    readonly cronSchedule: string
    readonly now: string
    readonly windows: readonly (readonly [key: string, start: number, end: number])[]
    readonly has: { readonly [key: string]: boolean }
  })[]
  readonly mappings: readonly MappingCase[]
  readonly ticks: readonly TickCase[]
  readonly schedules: readonly ScheduleCase[]
}

interface TickCase extends Around {
  readonly cron: string
  readonly timezone: string
  readonly start: string
  readonly ticks: readonly number[]
}

interface ScheduleCase extends Around {
  readonly timezone: string
  readonly partitions: PartitionsDefinition
  readonly forPartitions: ScheduledPartitions
  readonly now: string
  readonly refused?: true
  readonly cron?: string
  readonly keys?: readonly string[]
}

interface MappingCase extends Around {
  readonly timezone: string
  readonly mapping: PartitionMapping
  readonly upstream: PartitionsDefinition
  readonly downstream: PartitionsDefinition
  readonly now: string
  readonly refused?: true
  readonly key?: string
  readonly keys?: readonly string[]
  readonly nonexistent?: boolean
}

/** A case in which Dagma gives something else than Dagster. */
export interface Difference {
  readonly kind: keyof DagsterCases
  readonly of: Around & {
    readonly timezone: string
    readonly now?: string
    readonly start?: string
    readonly cron?: string
    readonly mapping?: PartitionMapping
    readonly upstream?: PartitionsDefinition
    readonly downstream?: PartitionsDefinition
    readonly key?: string
    readonly forPartitions?: ScheduledPartitions
  }
  readonly dagster: unknown
  readonly dagma: unknown
}

/** Differences that are meant, each with its reason. */
const meant: readonly { readonly reason: string; readonly fits: (difference: Difference) => boolean }[] = [
  {
    reason: 'Node and Python have time zone data of different years.',
    fits: ({ of }) => of.offsets.some(([day, offset]) => TimeZone.of(of.timezone).offsetAt(day * 86_400_000) !== offset * 1000),
  },
  {
    reason:
      'Where the clock is changed by half an hour, Dagster counts the hours of a key in UTC minutes or local ones, whichever fits the day on which it runs: its windows overlap, and its last one may not have ended. Dagma continues from the first window.',
    fits: ({ of }) => of.timezone === 'Australia/Lord_Howe',
  },
  {
    reason: 'Dagster finds a 29 February by the day before it, and so misses one of which that day has begun.',
    fits: ({ kind, of }) => kind === 'ticks' && of.cron?.endsWith(' 29 2 *') === true,
  },
  {
    reason:
      'What is due in a skipped hour between one and four, Dagster moves by the zone’s summer time. Where that is not the change (Morocco and Ireland have standard time in summer, Antarctica/Troll changes by two hours), it ticks an hour before the change, twice or not at all.',
    fits: ({ of }) => ['Africa/Casablanca', 'Antarctica/Troll'].includes(of.timezone) && duesInChangingHours(of),
  },
  {
    reason:
      'Dagster takes clocks to be changed on the hour. On Chatham Island it is a quarter to three: what is due in the skipped time after three quarters, Dagster moves one hour further.',
    fits: ({ of }) => of.timezone === 'Pacific/Chatham' && duesInChangingHours(of),
  },
  {
    reason: 'Samoa had no 30 December 2011: Dagster continues from times of that day, Dagma has an empty window there and ticks once.',
    fits: ({ of }) => of.timezone === 'Pacific/Apia' && /2011-1[12]|2012-01/.test(of.now ?? of.start ?? ''),
  },
  {
    reason:
      'Where midnight is repeated and the first one is excluded, Dagster gives the second the window of one o’clock, which is that of the next partition too; Dagma gives it its own.',
    fits: ({ kind, of, dagster, dagma }) => {
      if (kind === 'mappings') return hasOffset(of.key) && JSON.stringify(of.downstream).includes('"exclude":["')
      if (kind !== 'windows') return false
      const [theirs, ours] = [dagster, dagma].map((one) => (one as Pick<DagsterCases['windows'][number], 'windows'>).windows)
      const isSame = (theirs ?? []).every(([key, start], at) => {
        const [own, from, to] = ours?.[at] ?? []
        return key === own && (start === from || (hasOffset(key) && start === to))
      })
      return isSame && theirs?.length === ours?.length
    },
  },
  {
    reason:
      'Dagster finds the dimension of a MultiToSingleDimensionPartitionMapping by its partitions, whatever its name; Dagma refuses another name.',
    fits: ({ of, dagma }) => dagma === 'refused' && of.mapping?.kind === 'multi_to_single' && of.mapping.dimension !== null,
  },
  {
    reason: 'Dagster ignores an hour, a weekday or a day of the month that the partitions of a schedule do not have; Dagma refuses it.',
    fits: ({ of, dagma }) => dagma === 'refused' && Object.keys(of.forPartitions ?? {}).some((option) => option !== 'minuteOfHour'),
  },
  {
    reason: 'Dagster counts excluded windows before the first partition, or after the last, as missing; Dagma has nothing missing there.',
    fits: ({ of, dagster, dagma }) =>
      JSON.stringify(of.upstream ?? {}).includes('"exclude":["') &&
      JSON.stringify(dagster) === JSON.stringify({ ...(dagma as object), nonexistent: true }),
  },
  {
    reason:
      'Dagster maps to nothing where the needed upstream partition does not exist yet, and the step gets no value; Dagma refuses the run.',
    fits: ({ dagster, dagma }) => JSON.stringify([dagster, dagma]) === JSON.stringify([nothing(false), nothing(true)]),
  },
]

/** Whether something is due at one, two or three o'clock. */
function duesInChangingHours(of: Difference['of']): boolean {
  const crons = /"\S+ [^" ]*[-123*][^" ]*(?: [^" ]+){3}"/
  return /"hourOffset":[123]\b/.test(JSON.stringify(of)) || crons.test(JSON.stringify(of))
}

/** Whether it is the key of a time that is repeated. */
function hasOffset(key = ''): boolean {
  return /[-+]\d{4}$/.test(key)
}

function nothing(nonexistent: boolean): object {
  return { keys: [], nonexistent }
}

/** The cases in which Dagma differs from Dagster without a reason. */
export function differences(cases: DagsterCases): Difference[] {
  const compared: Difference[] = [
    ...cases.windows
      .filter(({ partitions }) => partitionsProblems(timePartitions(partitions)).length === 0)
      .map(({ windows, has, cronSchedule, ...of }) => ({
        kind: 'windows' as const,
        of: { ...of, timezone: of.partitions.timezone },
        dagster: { cronSchedule, windows, has },
        dagma: windowsOf(timePartitions(of.partitions), new Date(of.now), Object.keys(has)),
      })),
    ...cases.mappings
      .map((of) => ({ ...of, upstream: madeOf(of.upstream), downstream: madeOf(of.downstream) }))
      .filter(isDeclarable)
      .map((of) => ({ kind: 'mappings' as const, of, dagster: outcome(of), dagma: mappedBy(of) })),
    ...cases.schedules
      .map((of) => ({ ...of, partitions: madeOf(of.partitions) }))
      .filter(({ partitions }) => partitionsProblems(partitions).length === 0)
      .map((of) => ({
        kind: 'schedules' as const,
        of,
        dagster: of.refused ? 'refused' : { cron: of.cron, keys: of.keys },
        dagma: scheduledBy(of),
      })),
    ...cases.ticks
      .filter(isTaken)
      .map(({ ticks, ...of }) => ({ kind: 'ticks' as const, of, dagster: ticks, dagma: ticksOf(of, ticks.length) })),
  ]
  return compared.filter((one) => JSON.stringify(one.dagster) !== JSON.stringify(one.dagma) && !meant.some(({ fits }) => fits(one)))
}

function windowsOf(partitions: TimePartitions, now: Date, keys: readonly string[]) {
  const windows = TimeWindows.of(partitions)
  const indexes = windows.indexesOf(windows.existing(now))
  return {
    cronSchedule: partitions.cronSchedule,
    windows: indexes.map((index) => [windows.keyOf(index), windows.startOf(index) / 1000, windows.endOf(index) / 1000]),
    has: Object.fromEntries(keys.map((key) => [key, hasPartition(partitions, key, { now })])),
  }
}

/** Time partitions as a project declares them: of a cadence without a cron expression. */
type DeclaredTime = Omit<TimePartitions, 'cronSchedule' | 'keyFormat'> & Partial<Pick<TimePartitions, 'cronSchedule' | 'keyFormat'>>

function timePartitions({
  kind,
  end,
  minuteOffset,
  hourOffset,
  dayOffset,
  cronSchedule = '',
  keyFormat = '',
  ...common
}: DeclaredTime): TimePartitions {
  const options = { ...common, ...(end !== null && { end }) }
  switch (kind) {
    case 'time_window':
      return timeWindowPartitions({ ...options, cronSchedule, keyFormat })
    case 'hourly':
      return hourlyPartitions({ ...options, minuteOffset })
    case 'daily':
      return dailyPartitions({ ...options, minuteOffset, hourOffset })
    case 'weekly':
      return weeklyPartitions({ ...options, minuteOffset, hourOffset, dayOffset })
    case 'monthly':
      return monthlyPartitions({ ...options, minuteOffset, hourOffset, dayOffset })
  }
}

/** Any partitions, likewise. */
function madeOf(partitions: PartitionsDefinition): PartitionsDefinition {
  if ('start' in partitions) return timePartitions(partitions)
  if (partitions.kind !== 'multi') return partitions
  const dimensions = Object.entries(partitions.dimensions).map(([name, one]) => [name, madeOf(one) as SinglePartitions])
  return multiPartitions(Object.fromEntries(dimensions))
}

function scheduledBy({ partitions, forPartitions, now }: ScheduleCase) {
  const errors: DagmaError[] = []
  const { cronSchedule, evaluate } = scheduleOfPartitions(
    schedule({ name: 's', job: 'all', forPartitions }),
    forPartitions,
    partitions,
    errors,
  )
  if (errors.length > 0) return 'refused'
  const requests = evaluate?.({ scheduledTime: new Date(now) } as ScheduleContext)
  const keys = Array.isArray(requests) ? requests.map((request: RunRequest) => request.partitionKey) : []
  return { cron: cronSchedule, keys }
}

function outcome({ refused, keys = [], nonexistent }: MappingCase) {
  return refused ? 'refused' : { keys: [...keys].sort(), nonexistent }
}

function mappedBy({ mapping: declared, upstream, downstream, now, key }: MappingCase) {
  const mapping = declared.kind === 'default' ? withoutMapping : declared
  if (mappingProblem(mapping, upstream, downstream) !== undefined) return 'refused'
  const dep = mapped({ key: ['upstream'] }, mapping)
  const assets = { assets: new Map([['upstream', { partitions: upstream }]]) } as unknown as Parameters<typeof upstreamKeys>[1]
  const [own, at] = [{ partitions: downstream, key }, { now: new Date(now) }]
  let nonexistent = false
  try {
    upstreamPartitions(dep, assets, own, at)
  } catch {
    nonexistent = true
  }
  return { keys: [...upstreamKeys(dep, assets, own, at)].sort(), nonexistent }
}

/** Dagma refuses partitions that will never have a window, which Dagster takes. */
function isDeclarable({ upstream, downstream }: MappingCase): boolean {
  return [upstream, downstream].every((partitions) => partitionsProblems(partitions).length === 0)
}

/** Dagma refuses some cron expressions that Dagster takes, such as a step that is longer than what it steps through. */
function isTaken({ cron, timezone }: TickCase): boolean {
  const errors: DagmaError[] = []
  checkCron('The case', cron, timezone, errors)
  return errors.length === 0
}

function ticksOf({ cron, timezone, start }: Pick<TickCase, 'cron' | 'timezone' | 'start'>, count: number) {
  return cronTicks(cron, timezone, new Date(start), count).map((tick) => tick.getTime() / 1000)
}
