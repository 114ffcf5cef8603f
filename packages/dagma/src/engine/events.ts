import type { CheckSeverity } from '../definitions/assets/results.ts'
import type { LogLevel } from '../definitions/assets/step-log.ts'
import type { RunTags } from '../definitions/automation/job.ts'
import type { PartitionKeyRange } from '../definitions/partitions/partition-context.ts'
import type { WireMetadata } from '../metadata/normalize.ts'
import type { WireError } from '../runtime/gate/exit-gate.ts'
import type { MaterializedValue } from '../runtime/values/materialized-values.ts'

/** Status of a run; the names are Dagster's. STARTED → SUCCESS, FAILURE or CANCELED. */
export type RunStatus = 'STARTED' | 'SUCCESS' | 'FAILURE' | 'CANCELED'

/** The request that started a run. */
export interface RunStart {
  readonly runId: string
  /** Null for a run of selected assets. */
  readonly jobName: string | null
  /** Names of the planned steps, in order. */
  readonly steps: readonly string[]
  /** The labels of steps whose label is not their name, see `stepLabel()`; a log written by an earlier version has none. */
  readonly stepLabels?: { readonly [step: string]: string }
  /** Selected assets, by key text, in order. */
  readonly assetKeys: readonly string[]
  readonly partitionKey: string | null
  /** The first and the last of several partitions; null in a run of one or none. */
  readonly partitionKeyRange: PartitionKeyRange | null
  readonly tags: RunTags
  /** Config as entered, by step; secrets redacted. */
  readonly config: { readonly [step: string]: unknown }
  /** The run that this one retries. */
  readonly parentRunId: string | null
}

/** A run as it is listed. */
export interface Run extends RunStart {
  readonly status: RunStatus
  /** Milliseconds since 1970-01-01 UTC. */
  readonly startTime: number
  readonly endTime: number | null
  /** Set when `dagma run prune` removed its events, but for the newest materializations. */
  readonly pruned?: boolean
}

/** An event of a run. The names of the types are Dagster's; assets are identified by key text, steps by name. */
export type EventBody =
  | { readonly type: 'RUN_START' | 'RUN_SUCCESS' | 'RUN_CANCELED' }
  | { readonly type: 'RUN_FAILURE'; readonly message: string }
  | { readonly type: 'STEP_START' | 'STEP_SUCCESS'; readonly step: string }
  | { readonly type: 'STEP_RESTARTED'; readonly step: string; readonly retryNumber: number }
  | { readonly type: 'STEP_UP_FOR_RETRY'; readonly step: string; readonly error: WireError; readonly delaySeconds: number }
  | { readonly type: 'STEP_FAILURE'; readonly step: string; readonly error: WireError; readonly metadata: WireMetadata }
  | { readonly type: 'STEP_SKIPPED'; readonly step: string; readonly because: string }
  /** In a run of several partitions, the step failed for one of them. */
  | {
      readonly type: 'PARTITION_FAILURE'
      readonly step: string
      readonly partition: string
      readonly error: WireError
      readonly metadata: WireMetadata
    }
  /** How far a call of `items()` in the step has come; at most a dozen of them for each call. */
  | {
      readonly type: 'ITEMS_PROGRESS'
      readonly step: string
      /** In a run of several partitions, the one whose items they are. */
      readonly partition?: string
      /** The name of the call; `items` when it has none. */
      readonly name: string
      /** Items that have a result. */
      readonly done: number
      readonly failed: number
      readonly all: number
    }
  | AssetEvent
  | {
      readonly type: 'ASSET_CHECK_EVALUATION'
      readonly step: string
      readonly asset: string
      readonly partition: string | null
      readonly check: string
      readonly passed: boolean
      readonly severity: CheckSeverity
      readonly blocking: boolean
      readonly description: string | null
      readonly metadata: WireMetadata
    }
  | {
      readonly type: 'LOG'
      readonly step: string
      /** In a run of several partitions, the one whose line it is. */
      readonly partition?: string
      readonly level: LogLevel
      readonly message: string
    }

/** A materialization or an observation. */
export interface AssetEvent {
  readonly type: 'ASSET_MATERIALIZATION' | 'ASSET_OBSERVATION'
  readonly step: string
  readonly asset: string
  readonly partition: string | null
  readonly dataVersion: string | null
  readonly metadata: WireMetadata
  /** Of a materialization: the value that it stored, where its IO manager tells values apart. */
  readonly stored?: MaterializedValue
}

/** An event as it is stored. */
export type RunEvent = EventBody & Stored

/** A materialization as it is stored. */
export type Materialization = AssetEvent & Stored

interface Stored {
  readonly runId: string
  /** Milliseconds since 1970-01-01 UTC. */
  readonly time: number
}
