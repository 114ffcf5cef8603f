import type { OptionTable } from '../options/expect-options.ts'

/** How many partitions one run of a backfill may materialize: all of them, or at most the given number. Dagster's `BackfillPolicy`. */
export type BackfillPolicy = 'single-run' | { readonly maxPartitionsPerRun: number }

/** Maximum concurrent partitions of a step whose declaration does not set it. */
export const defaultPartitionConcurrency = 8

/** Options of a partitioned asset for runs of several partitions. */
export interface BackfillOptions<Range extends boolean = boolean> {
  /**
   * How many partitions one run may materialize: `'single-run'` for all of a backfill, `{ maxPartitionsPerRun: n }` for at most n. Default: one. In a run of
   * several, `run` is called once for each partition.
   */
  readonly backfillPolicy?: BackfillPolicy
  /** Maximum concurrent calls of `run` in a run of several partitions; default 8. */
  readonly partitionConcurrency?: number
  /** Whether `run` materializes all partitions of a run in one call: it gets their keys, and returns an object from key to value. Default: false. */
  readonly range?: Range
}

/** Those options, as `expectOptions` reads them. */
export const backfillOptions: OptionTable<keyof BackfillOptions> = {
  backfillPolicy: 'backfillPolicy',
  partitionConcurrency: 'number',
  range: 'boolean',
}

/** The result for one partition: the return value, or with `range: true` one of its members. */
export type OfPartition<Out, Range> = true extends Range ? (unknown extends Out ? Out : MemberOf<Awaited<Out>>) : Out
type MemberOf<Values> = Values extends object ? Values[keyof Values] : never

/** The problem of the return type of a function with `range: true`, as a sentence; never if there is none. */
export type RangeProblem<Out, Range> = true extends Range
  ? unknown extends Out
    ? never
    : Awaited<Out> extends object
      ? never
      : 'With range: true, the function returns an object from partition key to value.'
  : never
