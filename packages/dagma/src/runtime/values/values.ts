import { join } from 'node:path'
import { type AssetKey, keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext, IOManager, StoredValue } from '../../definitions/assets/io-manager.ts'
import type { KeptValues } from '../../definitions/assets/step.ts'
import type { Definitions } from '../../definitions/model.ts'
import { materializeCommand } from '../../definitions/partitions/materialize-command.ts'
import { keysByDimension, partitionTimeWindow } from '../../definitions/partitions/partition-context.ts'
import { partitionRanges, rangeText } from '../../definitions/partitions/partition-ranges.ts'
import type { ResourceStorage } from '../../definitions/resource.ts'
import type { DagmaError } from '../../errors.ts'
import { type JsonFileIOManagerOptions, jsonFileIOManager } from './json-file-io-manager.ts'
import { missingInputs } from './missing-inputs.ts'

/** The values of a project's assets, each with the IO manager that its asset names. */
export class Values {
  readonly #definitions: Definitions
  readonly #default: IOManager

  /** `fallback` keeps values where definitions name no default IO manager. */
  constructor(definitions: Definitions, fallback: IOManager) {
    this.#definitions = definitions
    this.#default = definitions.ioManagers.get('default') ?? fallback
  }

  /** Stores the value of an asset's partition. */
  store(context: IOContext, value: unknown): Promise<StoredValue> {
    return this.#managerOf(context.assetKey).handleOutput(this.#withPartition(context), value)
  }

  /** The value last stored. @throws DAGMA_INPUT_MISSING when there is none; `who` asks */
  async load(context: IOContext, who: string): Promise<unknown> {
    const { assetKey, partitionKey } = context
    const stored = await this.#managerOf(assetKey).loadInput(this.#withPartition(context))
    if (stored === undefined) throw this.#missing(assetKey, partitionKey === undefined ? [] : [partitionKey], who)
    return stored.value
  }

  /** What the step of an asset's partition keeps under a name, stored and loaded. No asset has such a key: "@" is not in its parts. */
  kept({ assetKey, ...context }: IOContext): KeptValues {
    const of = (name: string): IOContext => ({ ...context, assetKey: [...assetKey, `@${name}`] })
    return {
      load: async (name) => (await this.#default.loadInput(of(name)))?.value,
      store: async (name, value) => void (await this.#default.handleOutput(of(name), value)),
    }
  }

  /** The values last stored of some partitions, by their keys. @throws DAGMA_INPUT_MISSING naming all that have none */
  async loadPartitions(
    context: Omit<IOContext, 'partitionKey'>,
    partitionKeys: readonly string[],
    who: string,
  ): Promise<{ readonly [partitionKey: string]: unknown }> {
    const manager = this.#managerOf(context.assetKey)
    const load = async (partitionKey: string) =>
      [partitionKey, await manager.loadInput(this.#withPartition({ ...context, partitionKey }))] as const
    const stored = await Promise.all(partitionKeys.map(load))
    const missing = stored.flatMap(([key, found]) => (found === undefined ? [key] : []))
    if (missing.length > 0) throw this.#missing(context.assetKey, missing, who)
    return Object.fromEntries(stored.map(([key, found]) => [key, found?.value]))
  }

  /** What resources keep: where no asset has its value, since a part of an asset's key begins with another character. */
  ofResources(runId: string, signal: AbortSignal): ResourceStorage {
    const place = (key: readonly string[]): IOContext => ({ assetKey: ['@resources', ...key], partitionKey: undefined, runId, signal })
    return {
      load: async (key) => (await this.#default.loadInput(place(key)))?.value,
      store: async (key, value) => void (await this.#default.handleOutput(place(key), value)),
    }
  }

  /** Says to the IO managers that nobody needs the own values of a run any more. */
  releaseRun(runId: string): void {
    for (const manager of new Set([this.#default, ...this.#definitions.ioManagers.values()])) manager.releaseRun?.(runId)
  }

  /** What an IO manager is called with: the partition's window and dimensions are found when it asks. */
  #withPartition(context: IOContext): IOContext {
    const partitions = this.#definitions.assets.get(keyText(context.assetKey))?.partitions
    const key = context.partitionKey
    if (partitions === undefined || key === undefined) return context
    return {
      ...context,
      get partitionTimeWindow() {
        return partitionTimeWindow(partitions, { start: key, end: key })
      },
      get partitionKeys() {
        return keysByDimension(partitions, key)
      },
    }
  }

  #missing(assetKey: AssetKey, keys: readonly string[], who: string): DagmaError {
    const input = keyText(assetKey)
    const node = this.#definitions.assets.get(input)
    const [partitions, at] = [keys.length === 0 ? undefined : node?.partitions, { now: new Date() }]
    const command = materializeCommand([input], partitions, keys, at)
    const ranges = partitions === undefined ? keys : partitionRanges(partitions, keys, at).map(rangeText)
    return missingInputs(who, [{ input, partitions: ranges, isMade: node?.step?.kind === 'materialize', command }])
  }

  #managerOf(assetKey: AssetKey): IOManager {
    const named = this.#definitions.assets.get(keyText(assetKey))?.step?.ioManager
    return (named === undefined ? undefined : this.#definitions.ioManagers.get(named)) ?? this.#default
  }
}

/** The IO manager of a project that names no other: JSON files below `.dagma/values/`. */
export function projectValues(projectFolder: string, options: JsonFileIOManagerOptions = {}): IOManager {
  return jsonFileIOManager(join(projectFolder, '.dagma', 'values'), options)
}
