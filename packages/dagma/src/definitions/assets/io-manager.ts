import type { MaybePartitionContext } from '../partitions/partition-context.ts'
import type { AssetKey } from './asset-key.ts'

/** Which value an IO manager stores or loads. */
export interface IOContext extends MaybePartitionContext {
  readonly assetKey: AssetKey
  /** Undefined for an asset without partitions. */
  readonly partitionKey: string | undefined
  readonly runId: string
  /**
   * Aborted when the step is canceled or out of time: hand it to whatever waits. A call that does not end within two seconds after that is left
   * behind, and the step fails.
   */
  readonly signal: AbortSignal
}

/**
 * Identifies a stored value among those of the same asset and partition. The materialization carries it, and a step that loads the value fails when it
 * finds another: an older one, on a machine that does not share the storage. Without `digest`, whatever is found is loaded.
 */
export interface ValueIdentity {
  /** Names the content, such as a hash of what is stored: the same for the same content, another for any other. */
  readonly digest?: string | undefined
  /** When it was stored, in milliseconds since 1970-01-01 UTC, by one clock for everything that is in the storage. Default: unknown. */
  readonly storedAt?: number | undefined
}

/** A description of a stored value. */
export interface StoredValue extends ValueIdentity {
  /** Size of what was stored, when the manager knows it. */
  readonly sizeBytes?: number
}

/** A value that was loaded. */
export interface LoadedValue extends ValueIdentity {
  readonly value: unknown
}

declare const keeps: unique symbol

/** Names an IO manager that gives each value back as it was, and says which values it takes. Made by {@link typedIOManager}. */
export interface TypedIOManager<Value = unknown> {
  readonly key: string
  readonly [keeps]?: (value: Value) => void
}

/**
 * Names, for an asset's `ioManager`, one that gives each value back as it was: Maps, dates, instances of classes. Without it consumers get
 * what JSON returns ({@link Stored}), and what JSON cannot hold does not compile.
 * @example
 * ```ts
 * const inMemory = typedIOManager<Map<string, number>>('memory')
 * const totals = asset({ key: 'totals', ioManager: inMemory, run: () => new Map([['eu', 20]]) })
 * export default definitions({ assets: [totals], ioManagers: { memory: memoryIOManager({ asIs: true }) } })
 * ```
 */
export function typedIOManager<Value = unknown>(key: string): TypedIOManager<Value> {
  return { key }
}

/** Stores assets' values and loads them for consumers. Dagster's IO manager. */
export interface IOManager {
  /** Stores `value`; a half-written value must never be readable. A run reads its own values first: see `releaseRun`. */
  handleOutput(context: IOContext, value: unknown): Promise<StoredValue>
  /** The value that the run itself stored, otherwise the one last stored; undefined when there is none. */
  loadInput(context: IOContext): Promise<LoadedValue | undefined>
  /** Where the value is, as errors name it: a file, or an address in another storage. */
  placeOf?(context: IOContext): string
  /**
   * Called when nobody needs a run's own values any more: those that other runs have replaced since may go. Absent where runs that overlap are not kept
   * apart: then the value last stored is loaded, whoever stored it. Dagster's runs do not call it.
   */
  releaseRun?(runId: string): void
  /**
   * Set where only the process that stored a value can load it: then definitions with an executor that gives each step its own process are refused.
   * Default: false.
   */
  readonly inProcess?: boolean
}
