import type { Finding } from '../metadata/finding.ts'
import type { WireMetadata } from '../metadata/normalize.ts'
import type { TraceUrls } from '../metadata/observe.ts'
import type { CallTracker } from '../metadata/outgoing-calls.ts'
import type { ModelUse } from '../metadata/spending.ts'
import type { AssetKey } from './assets/asset-key.ts'
import type { StepKind } from './assets/step.ts'
import type { StepLog } from './assets/step-log.ts'
import type { ProbeContext } from './resource.ts'

/**
 * Follows runs from outside, for traces and metrics: runs, attempts of their steps, and the calls that those make to other systems. Whatever
 * is passed to it has gone through the exit gate. What it throws never touches a run. Given to `definitions({ instrument })`.
 */
export interface Instrument {
  /** Begins to follow a run. Undefined when there is nothing to do: then nothing is done. */
  readonly startRun: (run: ObservedRun, context: InstrumentContext) => RunObserver | undefined | Promise<RunObserver | undefined>
  /** The findings of `dagma doctor` about the target of telemetry. It observes no run. */
  readonly probe?: (context: ProbeContext) => Promise<readonly Finding[]>
}

/** A run that begins. */
export interface ObservedRun {
  readonly host: 'embedded' | 'dagster'
  readonly runId: string
  /** Name of a declared job; undefined for a run of selected assets. */
  readonly jobName: string | undefined
  readonly partitionKey: string | undefined
  /**
   * What of the run this process sees. `all`: the run from its beginning to its end. In Dagster, steps may have processes of their own: `steps` is
   * some of the steps, and the end of the process is not that of the run; `end` is the end of the run, in the one process that ends it.
   */
  readonly part: 'all' | 'steps' | 'end'
  /**
   * When the run began, in milliseconds since 1970. In Dagster that may be before this process, which then makes a part of the run's steps. Undefined
   * when it begins now.
   */
  readonly startedAt: number | undefined
  /** Where Dagster's UI is; undefined when it is not known (`DAGMA_DAGSTER_URL`), and on the embedded engine. */
  readonly dagsterUrl: string | undefined
}

/** The context of an instrument. */
export interface InstrumentContext {
  /** Folder of the project, absolute. */
  readonly projectFolder: string
  /** For warnings: of a collector that does not answer, for example. */
  readonly log: StepLog
}

/** How a run or a step ended. */
export type EndStatus = 'success' | 'failure' | 'canceled'

/** Follows one run, and the calls that are made outside its steps. */
export interface RunObserver extends CallTracker {
  readonly startStep: (step: ObservedStep) => StepObserver
  /** The run is over. The host waits for it, so that telemetry can still be sent: it must not take long. */
  readonly end: (status: EndStatus) => void | Promise<void>
}

/** An attempt of a step that begins. */
export interface ObservedStep {
  readonly name: string
  readonly kind: StepKind
  /** The assets that it materializes, observes or checks. */
  readonly assetKeys: readonly AssetKey[]
  /** Group of the first of them. */
  readonly group: string
  /** Owners of the first of them. */
  readonly owners: readonly string[]
  /** 0 for the first attempt. */
  readonly retryNumber: number
}

/** Follows one attempt of a step. */
export interface StepObserver extends CallTracker {
  /** Pages of the trace of the attempt, for the metadata of its assets, by the names of the fields. */
  readonly traceUrls: TraceUrls
  /** Does the work of the attempt, so that what it starts belongs to it. */
  readonly within: <T>(work: () => T) => T
  /** An asset was materialized or observed. */
  readonly reported: (report: { readonly assetKey: AssetKey; readonly metadata: WireMetadata }) => void
  /** A model was called, by an integration that counts its tokens. Absent: nothing is done. */
  readonly modelCalled?: (use: ModelUse) => void
  readonly end: (end: StepEnd) => void
}

/** How an attempt ended. */
export interface StepEnd {
  readonly status: EndStatus
  /** How long the step's function ran. */
  readonly latencyMs: number
  /** Undefined when nothing went wrong. */
  readonly error: { readonly name: string; readonly message: string } | undefined
}
