import type { AssetKey } from '../../definitions/assets/asset-key.ts'
import type { CheckSeverity } from '../../definitions/assets/results.ts'
import type { LogLevel } from '../../definitions/assets/step-log.ts'
import type { DynamicPartitionsChange } from '../../definitions/automation/sensor.ts'
import type { RunObserver, StepObserver } from '../../definitions/instrument.ts'
import type { Definitions } from '../../definitions/model.ts'
import type { WireMetadata } from '../../metadata/normalize.ts'
import type { TraceUrls } from '../../metadata/observe.ts'
import type { RunSpending } from '../spending/enforce-budgets.ts'
import type { KeptItems } from '../values/kept-items.ts'
import type { FindMaterializations, MaterializedValue } from '../values/materialized-values.ts'
import type { Values } from '../values/values.ts'
import type { RunResources } from './run-resources.ts'
import type { StepFailure } from './step-failure.ts'

/** The input that a host passes to a step. */
export interface StepHost {
  readonly definitions: Definitions
  readonly runId: string
  /** Null for a run of selected assets. */
  readonly jobName: string | null
  readonly runTags: { readonly [tag: string]: string }
  /** Undefined for a run without a partition, or with several. */
  readonly partitionKey: string | undefined
  /** The partitions of a step in a run of several; otherwise undefined. */
  readonly partitions: StepPartitions | undefined
  /** 0 for the first attempt. */
  readonly retryNumber: number
  /** Config as entered; undefined when none was. */
  readonly config: unknown
  /** Assets of the step that are to be made, by key text; of a step that cannot be subset, all. */
  readonly selected: ReadonlySet<string>
  readonly resources: RunResources
  readonly values: Values
  readonly spending: RunSpending
  /** The stored results of the items of the run's steps. The host removes them once it has recorded the step's success. */
  readonly items: KeptItems
  /** The known materializations, with which loaded values are compared. */
  readonly findMaterializations: FindMaterializations
  /** Follows the run; undefined when nothing does. */
  readonly observer: RunObserver | undefined
  readonly signal: AbortSignal
  /** The time, by which time partitions exist. */
  readonly now: () => Date
  /** The keys of dynamic partitions by the name of their definition. @throws DAGMA_DYNAMIC_PARTITIONS_UNKNOWN where the host has none */
  readonly dynamicKeys: (name: string) => readonly string[]
  /** The keys of any dynamic partitions, as they are now. */
  readonly listDynamicKeys: (name: string) => Promise<readonly string[]>
  /** Takes what the step tells, in order; it has passed the exit gate. */
  readonly report: (report: StepReport) => void
}

/** The reports of a step to its host. Assets are identified by their keys. */
export type StepReport =
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string; readonly partitionKey: string | undefined }
  | ItemsReport
  | ResultReport
  | DynamicPartitionsReport

/** How far a call of `items()` has come. */
export interface ItemsReport {
  readonly type: 'items'
  /** Which call of the step. */
  readonly name: string
  /** Items that have a result. */
  readonly done: number
  readonly failed: number
  readonly all: number
  /** In a run of several partitions, the one whose items they are. */
  readonly partitionKey: string | undefined
}

/** A report that becomes an event of an asset. */
export type ResultReport = AssetReport<'materialization'> | AssetReport<'observation'> | CheckReport

/** The partitions that a step is to make in a run of several. */
export interface StepPartitions {
  /** Those that are missing, in order. */
  readonly keys: readonly string[]
  /** Those that failed in an earlier attempt and are not retried; an attempt adds to them. */
  readonly givenUp: Map<string, StepFailure>
  /** Takes a partition that has ended; resolves when it is recorded. */
  readonly record: (ended: EndedPartition) => Promise<void>
}

/** A partition that has succeeded or failed, with everything that it reported. */
export interface EndedPartition {
  readonly partitionKey: string
  readonly results: readonly ResultReport[]
  /** Its changes of dynamic partitions; applied once it has succeeded. */
  readonly changes: readonly DynamicPartitionsReport[]
  /** Undefined when it succeeded. */
  readonly failure: StepFailure | undefined
}

/** A materialization or an observation. */
export interface AssetReport<Type> {
  readonly type: Type
  readonly assetKey: AssetKey
  readonly metadata: WireMetadata
  readonly dataVersion: string | undefined
  /** Of a materialization: the value that it stored; undefined when that cannot be distinguished from another. */
  readonly stored?: MaterializedValue | undefined
}

/** The result of a check. */
export interface CheckReport {
  readonly type: 'check'
  readonly assetKey: AssetKey
  readonly check: string
  readonly passed: boolean
  readonly severity: CheckSeverity
  readonly description: string | undefined
  readonly metadata: WireMetadata
  readonly blocking: boolean
  /** Whether it failed so that what is downstream of the asset is skipped. */
  readonly blocksDownstream: boolean
}

/** Dynamic partitions to add and delete, when the attempt has succeeded. */
export interface DynamicPartitionsReport extends Required<DynamicPartitionsChange> {
  readonly type: 'dynamic_partitions'
}

/** How an attempt ended. An attempt whose blocking checks failed is a failure. Both hosts go by this and decide nothing themselves. */
export type StepOutcome = { readonly status: 'success' } | StepFailure

/** A {@link StepHost}, and the pages of the trace of the attempt. */
export interface AttemptHost extends StepHost {
  readonly traceUrls: TraceUrls
  /** Follows what is made; undefined when nothing does. */
  readonly reported: StepObserver['reported'] | undefined
  /** Is notified of model calls; undefined when nothing follows them. */
  readonly modelCalled: StepObserver['modelCalled'] | undefined
}
