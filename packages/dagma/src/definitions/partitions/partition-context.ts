import type { MultiPartitions, PartitionsDefinition, StaticPartitions, TimePartitions } from './partition-types.ts'
import { dimensionsInOrder, isTimePartitions } from './partitions.ts'
import { TimeWindows } from './time-windows.ts'

/** The keys of a definition's partitions: of static ones the union of its keys, of others text. */
export type PartitionKeyOf<Partitions> = Partitions extends StaticPartitions<infer Key> ? Key : string

/** First and last of some partitions, both included. Dagster's `PartitionKeyRange`. */
export interface PartitionKeyRange<Key extends string = string> {
  readonly start: Key
  readonly end: Key
}

/** The span of time of a partition, or of some that follow each other. Dagster's `TimeWindow`. */
export interface PartitionTimeWindow {
  /** The first moment. */
  readonly start: Date
  /** The first moment after it. */
  readonly end: Date
  /** IANA name of the time zone in which the partitions are cut. */
  readonly timezone: string
}

/** The key of each dimension. Dagster's `MultiPartitionKey.keys_by_dimension`. */
export type KeysByDimension<Dimensions> = { readonly [Name in keyof Dimensions]: PartitionKeyOf<Dimensions[Name]> }

/** The names of the dimensions that are by time. */
type TimeDimension<Dimensions> = {
  [Name in keyof Dimensions]: Dimensions[Name] extends TimePartitions ? Name : never
}[keyof Dimensions]

/** Whether a type is one member, and no union of several. */
type IsOne<Type, All = Type> = [Type] extends [never] ? false : Type extends unknown ? ([All] extends [Type] ? true : false) : never

/** Whether a partition has one window: that of time partitions, or of the one dimension that is by time. */
type HasWindow<Partitions> = Partitions extends TimePartitions
  ? true
  : Partitions extends MultiPartitions<infer Dimensions>
    ? true extends IsOne<TimeDimension<Dimensions>>
      ? true
      : false
    : false

interface OnePartition<Partitions> {
  /** Key of the partition. @throws DAGMA_NOT_PARTITIONED when Dagster launched the run without one */
  readonly partitionKey: PartitionKeyOf<Partitions>
  /** Whether the run names one partition: false in one that Dagster launched without, or over a range. Dagster's `context.has_partition_key`. */
  readonly hasPartitionKey: boolean
  /** The first and the last partition: here, the one key twice. Dagster's `context.partition_key_range`. @throws DAGMA_NOT_PARTITIONED */
  readonly partitionKeyRange: PartitionKeyRange<PartitionKeyOf<Partitions>>
}

interface OneWindow {
  /** The partition's span of time; with two dimensions, that of the one by time. Dagster's `context.partition_time_window`. @throws DAGMA_NOT_PARTITIONED */
  readonly partitionTimeWindow: PartitionTimeWindow
}

interface Dimensions<Of> {
  /** The partition's key in each dimension, by its name. Dagster's `MultiPartitionKey.keys_by_dimension`. @throws DAGMA_NOT_PARTITIONED */
  readonly partitionKeys: KeysByDimension<Of>
}

/** Additional context of the function of a partitioned asset; empty for other assets. */
export type PartitionContext<Partitions> = [Partitions] extends [never]
  ? {}
  : OnePartition<Partitions> &
      (HasWindow<Partitions> extends true ? OneWindow : {}) &
      (Partitions extends MultiPartitions<infer Of> ? Dimensions<Of> : {})

/**
 * Additional context of the function of an asset with `range: true`, instead of a single partition. The keys are those that the run materializes, and after a
 * failure only those that are missing: they may have gaps, and the window spans from the first to the last.
 */
export type PartitionRangeContext<Partitions> = {
  /** Keys of the partitions to materialize, in order; one in a run of one. Dagster's `context.partition_keys`. @throws DAGMA_NOT_PARTITIONED */
  readonly partitionKeysInRange: readonly PartitionKeyOf<Partitions>[]
  /** The first and the last of them. Dagster's `context.partition_key_range`. @throws DAGMA_NOT_PARTITIONED */
  readonly partitionKeyRange: PartitionKeyRange<PartitionKeyOf<Partitions>>
} & (HasWindow<Partitions> extends true ? OneWindow : {})

/** The partition of something that may have none, such as a checked asset or a stored value. */
export interface MaybePartitionContext {
  /** The partition's span of time; undefined where it has none, or two. */
  readonly partitionTimeWindow?: PartitionTimeWindow | undefined
  /** The partition's key in each dimension, by its name; undefined where it has no dimensions. */
  readonly partitionKeys?: { readonly [dimension: string]: string } | undefined
}

/** The time from the first to the last of some partitions; undefined where they have no window, or two. */
export function partitionTimeWindow(
  partitions: PartitionsDefinition | undefined,
  { start, end }: PartitionKeyRange,
): PartitionTimeWindow | undefined {
  if (partitions === undefined) return undefined
  if (partitions.kind === 'multi') {
    const byTime = dimensionsInOrder(partitions).flatMap(([, one], index) => (isTimePartitions(one) ? [{ one, index }] : []))
    const [found, another] = byTime
    if (found === undefined || another !== undefined) return undefined
    const part = (key: string): string => key.split('|')[found.index] ?? ''
    return partitionTimeWindow(found.one, { start: part(start), end: part(end) })
  }
  if (!isTimePartitions(partitions)) return undefined
  const windows = TimeWindows.of(partitions)
  const [from, to] = [windows.windowOf(start), windows.windowOf(end)]
  if (from === undefined || to === undefined) return undefined
  return { start: new Date(from.start), end: new Date(to.end), timezone: partitions.timezone }
}

/** The key of each dimension; undefined of partitions without dimensions. */
export function keysByDimension(
  partitions: PartitionsDefinition | undefined,
  key: string,
): { readonly [dimension: string]: string } | undefined {
  if (partitions?.kind !== 'multi') return undefined
  const parts = key.split('|')
  return Object.fromEntries(dimensionsInOrder(partitions).map(([name], index) => [name, parts[index] ?? '']))
}
