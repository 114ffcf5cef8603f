import type { AssetKey } from './asset-key.ts'

/** Which value an IO manager stores or loads. */
export interface IOContext {
  readonly assetKey: AssetKey
  /** Undefined for an asset without partitions. */
  readonly partitionKey: string | undefined
  readonly runId: string
}

/** What is known of a stored value. */
export interface StoredValue {
  /** Size of what was stored, when the manager knows it. */
  readonly sizeBytes?: number
}

/** Stores assets' values and loads them for consumers. Dagster's IO manager. */
export interface IOManager {
  /** Stores `value`; nobody may ever read a half-written one. */
  handleOutput(context: IOContext, value: unknown): Promise<StoredValue>
  /** The value last stored; undefined when there is none. */
  loadInput(context: IOContext): Promise<{ readonly value: unknown } | undefined>
}
