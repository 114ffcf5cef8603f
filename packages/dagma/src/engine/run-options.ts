import type { AssetRef } from '../definitions/assets/asset-spec.ts'
import type { StepKind } from '../definitions/assets/step.ts'
import type { RunConfig, RunTags } from '../definitions/automation/job.ts'
import type { PartitionKeyRange } from '../definitions/partitions/partition-context.ts'
import type { Durability } from './event-log.ts'
import type { Materialization, RunEvent } from './events.ts'
import type { RunResult } from './execute-run.ts'

/** How any run is executed. */
export interface RunOptions {
  /** Folder whose `.dagma/` keeps the event log and values; default: the project that the working directory is in. */
  readonly projectFolder?: string
  /** Maximum number of concurrent steps; default 16. */
  readonly concurrency?: number
  /** How durable a recorded event is: it survives a crash of the process (`process`, the default), or also a power failure (`power`). */
  readonly durability?: Durability
  /** Cancels the run when aborted. */
  readonly signal?: AbortSignal
  /**
   * Called with each event after it was recorded. What it throws, or rejects with while the run is going on, does not touch the run and is thrown
   * when the run is over; a promise that it returns is not waited for.
   */
  readonly onEvent?: (event: RunEvent) => void
}

/** Options of `materialize()`, besides the definitions. */
export interface MaterializeOptions extends RunOptions {
  /** The assets, or text in Dagster's selection syntax; default: all. */
  readonly selection?: string | readonly AssetRef[]
  /** Name of the job to run; takes the place of `selection`. */
  readonly job?: string
  /** `check` only evaluates checks, `observe` only observes; default `materialize`, which materializes assets and evaluates their checks. */
  readonly kind?: StepKind
  /** Partition to materialize. */
  readonly partitionKey?: string
  /**
   * Partitions to materialize in one run, from the first to the last; instead of `partitionKey`. Each asset with partitions must allow that many in a run, by its
   * `backfillPolicy`.
   */
  readonly partitionKeyRange?: PartitionKeyRange
  /** Config of steps that declare it, by step name or asset key text. */
  readonly config?: RunConfig
  /** Tags of the run, over those of the job. */
  readonly tags?: RunTags
}

/** How a run of `materialize()` ended. */
export interface MaterializeRun extends RunResult {
  /** The run's events, in order; read from the event log when they are first asked for, since a run may have logged more than there is memory for. */
  readonly events: readonly RunEvent[]
  /** The materializations of this run, by key text; of an asset of which it materialized several partitions, the last. */
  readonly materializations: ReadonlyMap<string, Materialization>
  /**
   * The stored value of an asset, as a consumer in this run would get it; after a run of several partitions, that of `partitionKey`.
   * @throws DAGMA_INPUT_MISSING when it was never materialized, DAGMA_PARTITION_NEEDED when a run of several has no such `partitionKey`
   */
  readonly load: <Value>(asset: AssetRef<Value>, partitionKey?: string) => Promise<Value>
}
