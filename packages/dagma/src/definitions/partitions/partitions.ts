import { dagmaError } from '../../errors.ts'
import { timeWindowKeys } from './time-windows.ts'

/** The four cadences of time partitions. */
export type Cadence = 'hourly' | 'daily' | 'weekly' | 'monthly'

/** Partitions by time: one for each whole hour, day, week or month from `start` on. */
export interface TimePartitions {
  readonly kind: Cadence
  /** First moment, as a local date (`2026-01-01`) or, hourly, date and time (`2026-01-01-00:00`). */
  readonly start: string
  /** First moment that is in no partition; null: none. */
  readonly end: string | null
  /** IANA name. */
  readonly timezone: string
}

/** A fixed list of partitions. */
export interface StaticPartitions {
  readonly kind: 'static'
  readonly partitionKeys: readonly string[]
}

/** Partitions that are added and removed while Dagster runs, by sensors for example. */
export interface DynamicPartitions {
  readonly kind: 'dynamic'
  readonly name: string
}

/** One partition for each combination of the dimensions' partitions. A key joins theirs by "|", in the order of the dimensions' names. */
export interface MultiPartitions {
  readonly kind: 'multi'
  readonly dimensions: { readonly [dimension: string]: TimePartitions | StaticPartitions | DynamicPartitions }
}

/** How an asset is cut into partitions. Pure data. Dagster's `PartitionsDefinition`. */
export type PartitionsDefinition = TimePartitions | StaticPartitions | DynamicPartitions | MultiPartitions

interface TimeOptions {
  /** First moment: a local date such as `2026-01-01`, hourly also `2026-01-01-06:00`. */
  readonly start: string
  /** First moment that is in no partition; default: none. */
  readonly end?: string
  /** IANA name; default `UTC`. */
  readonly timezone?: string
}

const time =
  (kind: Cadence) =>
  ({ start, end, timezone = 'UTC' }: TimeOptions): TimePartitions => ({ kind, start, end: end ?? null, timezone })

/** A partition for each hour; keys such as `2026-01-31-23:00`. Dagster's `HourlyPartitionsDefinition`. */
export const hourlyPartitions = time('hourly')
/** A partition for each day; keys such as `2026-01-31`. Dagster's `DailyPartitionsDefinition`. */
export const dailyPartitions = time('daily')
/** A partition for each week from Sunday on; keys such as `2026-02-01`. Dagster's `WeeklyPartitionsDefinition`. */
export const weeklyPartitions = time('weekly')
/** A partition for each month; keys such as `2026-02-01`. Dagster's `MonthlyPartitionsDefinition`. */
export const monthlyPartitions = time('monthly')

/** A partition for each of these keys. Dagster's `StaticPartitionsDefinition`. */
export function staticPartitions(partitionKeys: readonly string[]): StaticPartitions {
  return { kind: 'static', partitionKeys }
}

/** Partitions that sensors add and remove under this name. Executed by Dagster. Dagster's `DynamicPartitionsDefinition`. */
export function dynamicPartitions(name: string): DynamicPartitions {
  return { kind: 'dynamic', name }
}

/** A partition for each combination of two dimensions' partitions. Dagster's `MultiPartitionsDefinition`. */
export function multiPartitions(dimensions: MultiPartitions['dimensions']): MultiPartitions {
  return { kind: 'multi', dimensions }
}

/**
 * All keys up to `now`, in order: of time partitions those whose window has ended. Dynamic partitions have none that the embedded engine knows.
 * @throws DAGMA_PARTITIONS_INVALID when a start, end or time zone cannot be read.
 */
export function partitionKeys(partitions: PartitionsDefinition, now: Date): string[] {
  switch (partitions.kind) {
    case 'static':
      return [...partitions.partitionKeys]
    case 'dynamic':
      return []
    case 'multi': {
      const names = Object.keys(partitions.dimensions).sort()
      const lists = names.map((name) => partitionKeys(partitions.dimensions[name] as TimePartitions, now))
      return lists.reduce<string[]>((keys, list) => keys.flatMap((key) => list.map((next) => (key === '' ? next : `${key}|${next}`))), [''])
    }
    default:
      return timeWindowKeys(partitions, now)
  }
}

/** Whether `key` names a partition. Dynamic partitions take every key. */
export function hasPartition(partitions: PartitionsDefinition, key: string, now: Date): boolean {
  if (partitions.kind === 'dynamic') return key !== ''
  if (partitions.kind !== 'multi') return partitionKeys(partitions, now).includes(key)
  const names = Object.keys(partitions.dimensions).sort()
  const parts = key.split('|')
  return (
    parts.length === names.length &&
    names.every((name, index) => hasPartition(partitions.dimensions[name] as TimePartitions, parts[index] ?? '', now))
  )
}

/** The keys from `from` to `to`, both included. @throws DAGMA_PARTITION_UNKNOWN, and DAGMA_OPTION_INVALID when they stand the wrong way round. */
export function partitionRange(partitions: PartitionsDefinition, from: string, to: string, asset: string, now: Date): string[] {
  const keys = partitionKeys(partitions, now)
  const [first, last] = [keys.indexOf(from), keys.indexOf(to)]
  const unknown = first < 0 ? from : last < 0 ? to : undefined
  if (unknown !== undefined) throw dagmaError('DAGMA_PARTITION_UNKNOWN', { asset, partition: unknown, some: sample(keys) })
  if (last < first)
    throw dagmaError('DAGMA_OPTION_INVALID', { option: 'partition-range', reason: `has its end first: "${to}" comes before "${from}"` })
  return keys.slice(first, last + 1)
}

/** A few keys to show: the first and the last. */
export function sample(keys: readonly string[]): readonly string[] {
  return keys.length <= 4 ? keys : [...keys.slice(0, 2), '…', ...keys.slice(-2)]
}
