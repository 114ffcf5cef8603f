import type { CheckSeverity } from '../../definitions/assets/results.ts'
import type { WireMetadata } from '../../metadata/normalize.ts'

/** An event of the embedded engine as it is reported: `protocol/report.schema.json`. */
export type ReportedEvent = ReportedAssetEvent | ReportedCheck

/** A materialization or an observation. */
export interface ReportedAssetEvent extends Reported {
  readonly type: 'materialization' | 'observation'
  readonly partition: string | null
  readonly data_version: string | null
}

/** How a check went. */
export interface ReportedCheck extends Reported {
  readonly type: 'check'
  readonly check: string
  readonly passed: boolean
  readonly severity: CheckSeverity
  readonly blocking: boolean
  readonly description: string | null
}

interface Reported {
  /** Of this event alone; it is in its metadata too, under {@link eventIdKey}. */
  readonly id: string
  readonly asset_key: readonly string[]
  readonly metadata: WireMetadata
}

/** The metadata that distinguishes a reported event from all others. */
export const eventIdKey = 'dagma/event_id'

/** The events that are reported together. */
export interface ReportRequest {
  readonly events: readonly ReportedEvent[]
}

/** A way to a Dagster instance. */
export interface Reporter {
  /** Where the events go, for people. */
  readonly to: string
  /** The data that this reporter cannot transfer, in one line. */
  readonly limits: string | undefined
  /** Reports the events that the instance does not have, and returns their ids. Events that were reported before a failure are kept. */
  readonly report: (request: ReportRequest) => Promise<readonly string[]>
}
