import type { Cadence } from '../time/cron-cadence.ts'

/** The types of partitions that a project can declare, as data. `partitions.ts` creates them and computes their keys. */

/** Partitions by time: one for each hour, day, week or month from `start` on, or for each window of a cron expression. */
export interface TimePartitions {
  readonly kind: Cadence | 'time_window'
  /** First moment, as a local date (`2026-01-01`) or, unless days, weeks or months, date and time (`2026-01-01-00:00`). */
  readonly start: string
  /** First moment that is in no partition; null: none. */
  readonly end: string | null
  /** IANA name. */
  readonly timezone: string
  /** When windows begin. */
  readonly cronSchedule: string
  /** How the start of a window is written as a key, as Python's `strftime` does. */
  readonly keyFormat: string
  /** Keys of partitions that are left out, and cron expressions of the starts of such. */
  readonly exclude: readonly string[]
  /** Minutes past the hour at which windows begin; 0 with a cron expression, as the other offsets but `endOffset`. */
  readonly minuteOffset: number
  /** Hour at which windows begin; 0 for hourly ones. */
  readonly hourOffset: number
  /** Day on which windows begin: of weekly ones 0 (Sunday) to 6, of monthly ones 1 to 28; 0 for others. */
  readonly dayOffset: number
  /** Windows that exist beyond the last that has ended; negative: windows at the end that do not exist yet. */
  readonly endOffset: number
}

/** A fixed list of partitions. `Key` is the union of their keys. */
export interface StaticPartitions<Key extends string = string> {
  readonly kind: 'static'
  readonly partitionKeys: readonly Key[]
}

/** Partitions that are added and removed while Dagster runs, by sensors for example. */
export interface DynamicPartitions {
  readonly kind: 'dynamic'
  readonly name: string
}

/** One partition for each combination of the dimensions' partitions. A key joins theirs by "|", in the order of the dimensions' names. */
export interface MultiPartitions<Dimensions extends PartitionDimensions = PartitionDimensions> {
  readonly kind: 'multi'
  readonly dimensions: Dimensions
}

/** Partitions by the name of their dimension. */
export interface PartitionDimensions {
  readonly [dimension: string]: SinglePartitions
}

/** Partitions that can be a dimension of others. */
export type SinglePartitions = TimePartitions | StaticPartitions | DynamicPartitions

/** How an asset is cut into partitions. Pure data. Dagster's `PartitionsDefinition`. */
export type PartitionsDefinition = SinglePartitions | MultiPartitions
