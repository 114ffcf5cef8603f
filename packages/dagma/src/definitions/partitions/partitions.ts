import { dagmaError } from '../../errors.ts'
import { expectOptions, type OptionTable } from '../options/expect-options.ts'
import { type Cadence, cronOfCadence } from '../time/cron-cadence.ts'
import type {
  DynamicPartitions,
  MultiPartitions,
  PartitionDimensions,
  PartitionsDefinition,
  SinglePartitions,
  StaticPartitions,
  TimePartitions,
} from './partition-types.ts'
import { TimeWindows } from './time-windows.ts'
import { localTime } from './window-grid.ts'

interface TimeOptions {
  /** First moment: a local date such as `2026-01-01`, hourly also `2026-01-01-06:00`. */
  readonly start: string
  /** First moment that is in no partition; default: none. */
  readonly end?: string
  /** IANA name; default `UTC`. */
  readonly timezone?: string
  /** Minutes past the hour at which windows begin; default 0. */
  readonly minuteOffset?: number
  /** Windows that exist beyond the last that has ended, 1 for the one that is running; negative: that many fewer. Default 0. */
  readonly endOffset?: number
  /**
   * Partitions that are left out: their keys, and cron expressions of their starts, such as `0 0 * * 0,6` for weekends. Default: none. Dagster's
   * `exclusions`.
   */
  readonly exclude?: readonly string[]
}

interface TimeWindowOptions extends Omit<TimeOptions, 'minuteOffset'> {
  /** When windows begin: each lasts until the next one. */
  readonly cronSchedule: string
  /** How the start of a window is written as its key: Python's `strftime`, with `%Y`, `%y`, `%m`, `%d`, `%j`, `%H`, `%M`, `%S` and `%%`. */
  readonly keyFormat: string
}

interface DailyOptions extends TimeOptions {
  /** Hour at which windows begin; default 0. */
  readonly hourOffset?: number
}

interface WeeklyOptions extends DailyOptions {
  /** Day on which weeks begin, from 0 for Sunday to 6 for Saturday; default 0. */
  readonly dayOffset?: number
}

interface MonthlyOptions extends DailyOptions {
  /** Day on which months begin, from 1 to 28; default 1. */
  readonly dayOffset?: number
}

/**
 * A partition for each hour; keys such as `2026-01-31-23:00`. Dagster's `HourlyPartitionsDefinition`.
 * @example
 * ```ts
 * const hour = hourlyPartitions({ start: '2026-01-01-00:00', timezone: 'UTC' })
 * ```
 */
export function hourlyPartitions(options: TimeOptions): TimePartitions {
  return timePartitions('hourly', options)
}

/**
 * A partition for each day; keys such as `2026-01-31`. Dagster's `DailyPartitionsDefinition`.
 * @example
 * ```ts
 * const day = dailyPartitions({ start: '2026-01-01', timezone: 'Europe/Berlin' })
 * ```
 */
export function dailyPartitions(options: DailyOptions): TimePartitions {
  return timePartitions('daily', options)
}

/**
 * A partition for each week, from Sunday on or from `dayOffset`; keys such as `2026-02-01`. Dagster's `WeeklyPartitionsDefinition`.
 * @example
 * ```ts
 * const week = weeklyPartitions({ start: '2026-01-05', dayOffset: 1 })
 * ```
 */
export function weeklyPartitions(options: WeeklyOptions): TimePartitions {
  return timePartitions('weekly', options)
}

/**
 * A partition for each month, from its first day on or from `dayOffset`; keys such as `2026-02-01`. Dagster's `MonthlyPartitionsDefinition`.
 * @example
 * ```ts
 * const month = monthlyPartitions({ start: '2026-01-01' })
 * ```
 */
export function monthlyPartitions(options: MonthlyOptions): TimePartitions {
  return timePartitions('monthly', options)
}

const hourlyOptions: OptionTable<keyof TimeOptions> = {
  start: 'text!',
  end: 'text',
  timezone: 'text',
  minuteOffset: 'number',
  endOffset: 'number',
  exclude: 'texts',
}
const dailyOptions: OptionTable<keyof DailyOptions> = { ...hourlyOptions, hourOffset: 'number' }
const weeklyOptions: OptionTable<keyof WeeklyOptions | keyof MonthlyOptions> = { ...dailyOptions, dayOffset: 'number' }
const timeOptions = { hourly: hourlyOptions, daily: dailyOptions, weekly: weeklyOptions, monthly: weeklyOptions }

function timePartitions(kind: Cadence, options: WeeklyOptions): TimePartitions {
  expectOptions(`${kind}Partitions()`, options, timeOptions[kind])
  const { start, end = null, timezone = 'UTC', minuteOffset = 0, hourOffset = 0, endOffset = 0, exclude = [] } = options
  const dayOffset = options.dayOffset ?? (kind === 'monthly' ? 1 : 0)
  const cronSchedule = cronOfCadence({ kind, minute: minuteOffset, hour: hourOffset, day: dayOffset })
  const keyFormat = kind === 'hourly' ? '%Y-%m-%d-%H:%M' : '%Y-%m-%d'
  return { kind, start, end, timezone, cronSchedule, keyFormat, exclude, minuteOffset, hourOffset, dayOffset, endOffset }
}

const timeWindowOptions: OptionTable<keyof TimeWindowOptions> = {
  cronSchedule: 'text!',
  keyFormat: 'text!',
  start: 'text!',
  end: 'text',
  timezone: 'text',
  endOffset: 'number',
  exclude: 'texts',
}

/**
 * A partition for each window between two times of a cron expression. Dagster's `TimeWindowPartitionsDefinition`.
 * @example
 * ```ts
 * const shifts = timeWindowPartitions({
 *   cronSchedule: '0 9,17 * * 1-5',
 *   keyFormat: '%Y-%m-%d-%H',
 *   start: '2026-01-01-00',
 *   timezone: 'Europe/Berlin',
 * })
 * ```
 */
export function timeWindowPartitions(options: TimeWindowOptions): TimePartitions {
  expectOptions('timeWindowPartitions()', options, timeWindowOptions)
  const { cronSchedule, keyFormat, start, end = null, timezone = 'UTC', endOffset = 0, exclude = [] } = options
  const none = { minuteOffset: 0, hourOffset: 0, dayOffset: 0 }
  return { kind: 'time_window', start, end, timezone, cronSchedule, keyFormat, exclude, ...none, endOffset }
}

/**
 * A partition for each of these keys. Dagster's `StaticPartitionsDefinition`.
 * @example
 * ```ts
 * const region = staticPartitions(['eu', 'us'])
 * ```
 */
export function staticPartitions<const Key extends string>(partitionKeys: readonly Key[]): StaticPartitions<Key> {
  return { kind: 'static', partitionKeys }
}

/**
 * Partitions that are added and deleted under this name while the project runs: by sensors, by steps, and by `dagma partition add`. The embedded
 * engine keeps them in its event log, Dagster in its instance. Dagster's `DynamicPartitionsDefinition`.
 * @example
 * ```ts
 * const customer = dynamicPartitions('customer')
 * const invoices = asset({ key: 'invoices', partitions: customer, run: ({ partitionKey }) => `invoice of ${partitionKey}` })
 * ```
 */
export function dynamicPartitions(name: string): DynamicPartitions {
  return { kind: 'dynamic', name }
}

/**
 * A partition for each combination of two dimensions' partitions. Dagster's `MultiPartitionsDefinition`.
 * @example
 * ```ts
 * const dayAndRegion = multiPartitions({ day: dailyPartitions({ start: '2026-01-01' }), region: staticPartitions(['eu', 'us']) })
 * ```
 */
export function multiPartitions<Dimensions extends PartitionDimensions>(dimensions: Dimensions): MultiPartitions<Dimensions> {
  return { kind: 'multi', dimensions }
}

/** Which partitions there are. */
export interface PartitionsAt {
  /** By which time partitions exist: those whose window has ended. */
  readonly now: Date
  /** The keys of dynamic partitions by the name of their definition; default: they are not known here. */
  readonly dynamicKeys?: (name: string) => readonly string[]
}

/** The keys of dynamic partitions where Dagster is not there to tell them. @throws DAGMA_DYNAMIC_PARTITIONS_UNKNOWN */
export function unknownDynamicKeys(name: string): never {
  throw dagmaError('DAGMA_DYNAMIC_PARTITIONS_UNKNOWN', { name })
}

/** All keys that there are, in order. */
export function partitionKeys(partitions: PartitionsDefinition, at: PartitionsAt): readonly string[] {
  switch (partitions.kind) {
    case 'static':
      return partitions.partitionKeys
    case 'dynamic':
      return at.dynamicKeys?.(partitions.name) ?? []
    case 'multi':
      return combinations(dimensionsInOrder(partitions).map(([, dimension]) => partitionKeys(dimension, at)))
    default:
      return TimeWindows.of(partitions).keys(at.now)
  }
}

/** The keys of the combinations of dimensions' keys. */
export function combinations(dimensions: readonly (readonly string[])[]): readonly string[] {
  return dimensions.reduce((keys, dimension) => keys.flatMap((key) => dimension.map((next) => `${key}|${next}`)))
}

/** The last key that there is. */
export function lastPartitionKey(partitions: PartitionsDefinition, at: PartitionsAt): string | undefined {
  if (!isTimePartitions(partitions)) return partitionKeys(partitions, at).at(-1)
  const windows = TimeWindows.of(partitions)
  const { first, last } = windows.existing(at.now)
  return last < first ? undefined : windows.keyOf(last)
}

/** Whether `key` names a partition. Where the keys of dynamic partitions are not known, each may be one. */
export function hasPartition(partitions: PartitionsDefinition, key: string, at: PartitionsAt): boolean {
  switch (partitions.kind) {
    case 'static':
      return partitions.partitionKeys.includes(key)
    case 'dynamic':
      return key !== '' && (at.dynamicKeys === undefined || at.dynamicKeys(partitions.name).includes(key))
    case 'multi': {
      const dimensions = dimensionsInOrder(partitions)
      const parts = key.split('|')
      return (
        parts.length === dimensions.length && dimensions.every(([, dimension], index) => hasPartition(dimension, parts[index] ?? '', at))
      )
    }
    default:
      return TimeWindows.of(partitions).find(key, at.now) !== undefined
  }
}

/** The dimensions in the order in which their keys are in a key: by name, as Python sorts, which is by code points. */
export function dimensionsInOrder({ dimensions }: MultiPartitions): [name: string, SinglePartitions][] {
  return Object.entries(dimensions).sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
}

/** Whether partitions are cut by time. */
export function isTimePartitions(partitions: PartitionsDefinition): partitions is TimePartitions {
  return 'start' in partitions
}

/** Whether two definitions give the same partitions, as Dagster sees it. */
export function samePartitions(one: PartitionsDefinition | undefined, other: PartitionsDefinition | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && identityOf(one) === identityOf(other))
}

/** A text that two definitions share when they give the same partitions. */
export function identityOf(partitions: PartitionsDefinition): string {
  const known = identities.get(partitions) ?? makeIdentity(partitions)
  identities.set(partitions, known)
  return known
}

const identities = new WeakMap<PartitionsDefinition, string>()

function makeIdentity(partitions: PartitionsDefinition): string {
  if (partitions.kind === 'multi')
    return JSON.stringify(dimensionsInOrder(partitions).map(([name, dimension]) => [name, identityOf(dimension)]))
  if (!isTimePartitions(partitions)) return JSON.stringify(partitions)
  const { start, end, timezone, cronSchedule, keyFormat, exclude, endOffset } = partitions
  const moments = { start: localTime(start), end: end === null ? null : localTime(end) }
  return JSON.stringify({ ...moments, timezone, cronSchedule, keyFormat, exclude, endOffset })
}

/**
 * The keys from `from` to `to`, both included. @throws DAGMA_PARTITION_UNKNOWN, DAGMA_DYNAMIC_PARTITIONS_UNKNOWN, and DAGMA_OPTION_INVALID when they
 * stand the wrong way round.
 */
export function partitionRange(
  partitions: PartitionsDefinition,
  { from, to }: { readonly from: string; readonly to: string },
  { asset, ...at }: PartitionsAt & { readonly asset: string },
): readonly string[] {
  const unknown = [from, to].find((key) => !hasPartition(partitions, key, at))
  if (unknown !== undefined)
    throw dagmaError('DAGMA_PARTITION_UNKNOWN', {
      asset,
      partition: unknown,
      some: sample(partitionKeys(partitions, at)),
      isTime: 'start' in partitions,
      isDynamic: partitions.kind === 'dynamic',
    })
  const range = keysBetween(partitions, { from, to }, at)
  if (range.length === 0)
    throw dagmaError('DAGMA_OPTION_INVALID', { option: 'partition-range', reason: `ends before it starts: "${to}" comes before "${from}"` })
  return range
}

/** The keys from one to another, none when the other comes first; of dimensions, as Dagster has it, each combination of their ranges. */
export function keysBetween(
  partitions: PartitionsDefinition,
  { from, to }: { readonly from: string; readonly to: string },
  at: PartitionsAt,
): readonly string[] {
  if (isTimePartitions(partitions)) {
    const windows = TimeWindows.of(partitions)
    const [first = 0, last = -1] = [windows.find(from, at.now), windows.find(to, at.now)]
    return windows.keysOf({ first, last })
  }
  if (partitions.kind === 'multi') {
    const [first, last] = [from.split('|'), to.split('|')]
    return combinations(
      dimensionsInOrder(partitions).map(([, dimension], index) =>
        keysBetween(dimension, { from: first[index] ?? '', to: last[index] ?? '' }, at),
      ),
    )
  }
  const keys = partitionKeys(partitions, at)
  return keys.slice(keys.indexOf(from), keys.indexOf(to) + 1)
}

/** A few keys to show: the first and the last. */
export function sample(keys: readonly string[]): readonly string[] {
  return keys.length <= 4 ? keys : [...keys.slice(0, 2), '…', ...keys.slice(-2)]
}
