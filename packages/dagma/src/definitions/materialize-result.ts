import type { Metadata } from '../metadata/metadata-value.ts'

const brand: unique symbol = Symbol.for('dagma.materialize-result') as never

/** An asset's value with the metadata of its materialization: Dagster's `MaterializeResult`. Made by {@link materializeResult}. */
export class MaterializeResult<Value> {
  readonly value: Value
  readonly metadata: Metadata
  readonly [brand] = true

  constructor(value: Value, metadata: Metadata) {
    this.value = value
    this.metadata = metadata
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/**
 * What an asset's function returns when its materialization carries metadata. `value` goes to consumers unchanged; `metadata` goes to the
 * event log and to Dagster's UI.
 */
export function materializeResult<Value>(value: Value, metadata: Metadata = {}): MaterializeResult<Value> {
  return new MaterializeResult(value, metadata)
}
