import type { LogLevel } from '../definitions/step-log.ts'
import type { WireMetadata } from '../metadata/normalize.ts'
import type { WireError } from '../runtime/exit-gate.ts'

/** Status of a run; the names are Dagster's. STARTED → SUCCESS, FAILURE or CANCELED. */
export type RunStatus = 'STARTED' | 'SUCCESS' | 'FAILURE' | 'CANCELED'

/** A run as it is listed. */
export interface Run {
  readonly runId: string
  /** Undefined for a run of selected assets. */
  readonly jobName: string | undefined
  readonly status: RunStatus
  /** Selected assets, in order. */
  readonly assetKeys: readonly string[]
  /** Milliseconds since 1970-01-01 UTC. */
  readonly startTime: number
  readonly endTime: number | undefined
}

/** What happened in a run. The types' names are Dagster's; assets and steps are named by key text. */
export type EventBody =
  | { readonly type: 'RUN_START' | 'RUN_SUCCESS' | 'RUN_CANCELED' }
  | { readonly type: 'RUN_FAILURE'; readonly message: string }
  | { readonly type: 'STEP_START' | 'STEP_SUCCESS'; readonly step: string }
  | { readonly type: 'STEP_FAILURE'; readonly step: string; readonly error: WireError }
  | { readonly type: 'STEP_SKIPPED'; readonly step: string; readonly because: string }
  | { readonly type: 'ASSET_MATERIALIZATION'; readonly step: string; readonly asset: string; readonly metadata: WireMetadata }
  | { readonly type: 'LOG'; readonly step: string; readonly level: LogLevel; readonly message: string }

/** An event as it is stored. */
export type RunEvent = EventBody & {
  readonly runId: string
  /** Milliseconds since 1970-01-01 UTC. */
  readonly time: number
}
