import type { WireMetadata } from '../metadata/normalize.ts'

/**
 * A check's metadata with its description in it, under `description`: neither Pipes nor Dagster's REST endpoint has a field for one. Metadata of that
 * name, which the check gave itself, stays.
 */
export function withDescription(metadata: WireMetadata, description: string | null | undefined): WireMetadata {
  return description === null || description === undefined
    ? metadata
    : { description: { type: 'text', raw_value: description }, ...metadata }
}
