import { DagmaError } from '../errors.ts'
import type { WireMetadata } from './normalize.ts'
import type { ObservationFieldName } from './observation-fields.ts'
import { ServiceError } from './service-error.ts'
import { errorChain, thrownMessage, thrownName } from './thrown.ts'

/** Pages of a trace; a page that is not known is absent. */
export interface TraceUrls {
  readonly trace_url?: string | undefined
  readonly mlflow_trace_url?: string | undefined
}

/** The facts of a materialization or an observation that the step runner records. */
export interface StepFacts {
  readonly eventType: 'materialization' | 'observation'
  /** How often the step had been attempted before. */
  readonly retryCount: number
  /** How long the asset's function ran, in milliseconds. */
  readonly latencyMs: number
  /** Size of the stored value, if the IO manager reported it. */
  readonly sizeBytes: number | undefined
  /** Pages of the step's trace, by the names of their fields. */
  readonly traceUrls: TraceUrls
}

/** Metadata with the observation fields that the step runner knows. What the asset's author gave under the same key stays. */
export function observe(metadata: WireMetadata, { eventType, retryCount, latencyMs, sizeBytes, traceUrls }: StepFacts): WireMetadata {
  return withKnown(metadata, {
    event_type: { type: 'text', raw_value: eventType },
    status: { type: 'text', raw_value: 'success' },
    retry_count: { type: 'int', raw_value: retryCount },
    latency_ms: { type: 'float', raw_value: Math.round(latencyMs * 1000) / 1000 },
    ...(sizeBytes !== undefined && { size_bytes: { type: 'int', raw_value: sizeBytes } }),
    ...(traceUrls.trace_url !== undefined && { trace_url: { type: 'url', raw_value: traceUrls.trace_url } }),
    ...(traceUrls.mlflow_trace_url !== undefined && { mlflow_trace_url: { type: 'url', raw_value: traceUrls.mlflow_trace_url } }),
  })
}

/** The facts of a failed step that the step runner records. */
export interface FailureFacts {
  readonly status: 'failure' | 'canceled'
  readonly retryCount: number
  /** The error: the one that the user's code threw, or Dagma's. */
  readonly error: unknown
}

/** Metadata of a failed step with the observation fields that the step runner knows. What the step's author gave under the same key stays. */
export function observeFailure(metadata: WireMetadata, { status, retryCount, error }: FailureFacts): WireMetadata {
  const service = serviceErrorIn(error)
  return withKnown(metadata, {
    event_type: { type: 'text', raw_value: 'failure' },
    status: { type: 'text', raw_value: status },
    retry_count: { type: 'int', raw_value: retryCount },
    error_type: { type: 'text', raw_value: typeOf(error) },
    error_summary: { type: 'text', raw_value: summaryOf(error) },
    ...(service && { system: { type: 'text', raw_value: service.system }, operation: { type: 'text', raw_value: service.operation } }),
    ...(service?.status !== undefined && { http_status: { type: 'int', raw_value: service.status } }),
  })
}

function withKnown(metadata: WireMetadata, known: { readonly [Name in ObservationFieldName]?: WireMetadata[string] }): WireMetadata {
  const missing = Object.entries(known).filter(([key]) => !Object.hasOwn(metadata, key))
  return { ...metadata, ...Object.fromEntries(missing) }
}

/** The failed call to another system that led to the error, if one did. */
function serviceErrorIn(error: unknown): ServiceError | undefined {
  return errorChain(error)
    .links.map((link) => link.error)
    .find((one) => one instanceof ServiceError)
}

/** Permanent code of Dagma's own errors, name of all others. */
function typeOf(error: unknown): string {
  if (error instanceof DagmaError) return error.code
  return error instanceof Error ? thrownName(error) : typeof error
}

function summaryOf(error: unknown): string {
  return thrownMessage(error).split('\n', 1)[0] ?? ''
}
