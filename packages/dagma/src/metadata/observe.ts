import type { WireMetadata } from './normalize.ts'

/** What the step runner knows of a materialization. */
export interface StepFacts {
  /** How long the asset's function ran, in milliseconds. */
  readonly latencyMs: number
  /** Size of the stored value, when the IO manager told it. */
  readonly sizeBytes: number | undefined
}

/** Metadata with the observation fields that every materialization carries. What the asset's author gave under the same key stays. */
export function observe(metadata: WireMetadata, facts: StepFacts): WireMetadata {
  return {
    ...metadata,
    latency_ms: metadata.latency_ms ?? { type: 'float', raw_value: Math.round(facts.latencyMs * 1000) / 1000 },
    ...(facts.sizeBytes === undefined ? {} : { size_bytes: metadata.size_bytes ?? { type: 'int', raw_value: facts.sizeBytes } }),
  }
}
