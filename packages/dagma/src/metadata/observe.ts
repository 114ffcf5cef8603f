import type { WireMetadata } from './normalize.ts'
import type { ObservationFieldName } from './observation-fields.ts'

/** What the step runner knows of a materialization or an observation. */
export interface StepFacts {
  readonly eventType: 'materialization' | 'observation'
  /** How often the step had been tried before. */
  readonly retryCount: number
  /** How long the asset's function ran, in milliseconds. */
  readonly latencyMs: number
  /** Size of the stored value, when the IO manager told it. */
  readonly sizeBytes: number | undefined
  /** Where the trace of the step can be looked at, when it is traced and traces have an address. */
  readonly traceUrl: string | undefined
}

/** Metadata with the observation fields that the step runner knows. What the asset's author gave under the same key stays. */
export function observe(metadata: WireMetadata, { eventType, retryCount, latencyMs, sizeBytes, traceUrl }: StepFacts): WireMetadata {
  const known: { readonly [Name in ObservationFieldName]?: WireMetadata[string] } = {
    event_type: { type: 'text', raw_value: eventType },
    status: { type: 'text', raw_value: 'success' },
    retry_count: { type: 'int', raw_value: retryCount },
    latency_ms: { type: 'float', raw_value: Math.round(latencyMs * 1000) / 1000 },
    ...(sizeBytes !== undefined && { size_bytes: { type: 'int', raw_value: sizeBytes } }),
    ...(traceUrl !== undefined && { trace_url: { type: 'url', raw_value: traceUrl } }),
  }
  const missing = Object.entries(known).filter(([key]) => !Object.hasOwn(metadata, key))
  return { ...metadata, ...Object.fromEntries(missing) }
}
