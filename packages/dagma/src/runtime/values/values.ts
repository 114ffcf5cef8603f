import { hostname } from 'node:os'
import { join } from 'node:path'
import { type AssetKey, keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext, IOManager, LoadedValue } from '../../definitions/assets/io-manager.ts'
import type { KeptValues } from '../../definitions/assets/step.ts'
import type { Definitions } from '../../definitions/model.ts'
import { materializeCommand } from '../../definitions/partitions/materialize-command.ts'
import { keysByDimension, partitionTimeWindow } from '../../definitions/partitions/partition-context.ts'
import { partitionRanges, rangeText } from '../../definitions/partitions/partition-ranges.ts'
import type { ResourceStorage } from '../../definitions/resource.ts'
import { type DagmaError, dagmaError } from '../../errors.ts'
import { type JsonFileIOManagerOptions, jsonFileIOManager } from './json-file-io-manager.ts'
import {
  differenceFrom,
  type FindMaterializations,
  type KnownMaterialization,
  type MaterializedValue,
  materializedValue,
} from './materialized-values.ts'
import { missingInputs } from './missing-inputs.ts'

/** Who loads a value, and where to ask for its materialization. */
export interface ValueReader {
  readonly who: string
  readonly find: FindMaterializations
}

interface Comparison {
  readonly context: IOContext
  readonly keys: readonly (string | undefined)[]
  readonly reader: ValueReader
  readonly found: ReadonlyMap<string | undefined, LoadedValue | undefined>
  readonly load: (key: string | undefined) => Promise<void>
}

/** Values of materializations that are remembered; of others, the host is asked. */
const mostRemembered = 1_000

/** The values of a project's assets, each with the IO manager that its asset names. */
export class Values {
  readonly #definitions: Definitions
  readonly #default: IOManager
  /** The values that runs of this process have stored last, by run, asset and partition: their steps need not query them. */
  readonly #remembered = new Map<string, KnownMaterialization>()

  /** `fallback` keeps values where definitions name no default IO manager. */
  constructor(definitions: Definitions, fallback: IOManager) {
    this.#definitions = definitions
    this.#default = definitions.ioManagers.get('default') ?? fallback
  }

  /** Stores the value of an asset's partition. */
  async store(context: IOContext, value: unknown): Promise<{ sizeBytes: number | undefined; stored: MaterializedValue | undefined }> {
    const kept = await this.#managerOf(context.assetKey).handleOutput(this.#withPartition(context), value)
    const stored = materializedValue(kept)
    if (stored !== undefined) this.#remember(placeIn(context), { runId: context.runId, value: stored })
    return { sizeBytes: kept.sizeBytes, stored }
  }

  /** The value last stored. @throws DAGMA_INPUT_MISSING when there is none, DAGMA_VALUE_UNREACHABLE when it is not that of its materialization */
  async load(context: IOContext, reader: ValueReader): Promise<unknown> {
    const loaded = await this.#loadAll(context, [context.partitionKey], reader)
    return loaded.get(context.partitionKey)
  }

  /** Stores and loads the data that the step of an asset's partition keeps under a name. No asset has such a key: "@" is not allowed in its parts. */
  kept({ assetKey, ...context }: IOContext): KeptValues {
    const of = (name: string): IOContext => ({ ...context, assetKey: [...assetKey, `@${name}`] })
    return {
      load: async (name) => (await this.#default.loadInput(of(name)))?.value,
      store: async (name, value) => void (await this.#default.handleOutput(of(name), value)),
    }
  }

  /** The values last stored of some partitions, by their keys. @throws as {@link load}, naming all partitions */
  async loadPartitions(
    context: Omit<IOContext, 'partitionKey'>,
    partitionKeys: readonly string[],
    reader: ValueReader,
  ): Promise<{ readonly [partitionKey: string]: unknown }> {
    return Object.fromEntries(await this.#loadAll({ ...context, partitionKey: undefined }, partitionKeys, reader))
  }

  async #loadAll(
    context: IOContext,
    keys: readonly (string | undefined)[],
    reader: ValueReader,
  ): Promise<ReadonlyMap<string | undefined, unknown>> {
    const manager = this.#managerOf(context.assetKey)
    const found = new Map<string | undefined, LoadedValue | undefined>()
    const load = async (partitionKey: string | undefined): Promise<void> => {
      found.set(partitionKey, await manager.loadInput(this.#withPartition({ ...context, partitionKey })))
    }
    await Promise.all(keys.map(load))
    await this.#expectMaterialized({ context, keys, reader, found, load })
    const missing = keys.filter((key) => found.get(key) === undefined)
    if (missing.length > 0) throw this.#missing(context.assetKey, named(missing), reader.who)
    return new Map(keys.map((key) => [key, found.get(key)?.value]))
  }

  /** Compares what was found with what the materializations stored. @throws DAGMA_VALUE_UNREACHABLE */
  async #expectMaterialized({ context, keys, reader, found, load }: Comparison): Promise<void> {
    if (this.#definitions.assets.get(keyText(context.assetKey))?.step?.kind !== 'materialize') return
    const known = new Map(keys.map((key) => [key, this.#remembered.get(placeIn({ ...context, partitionKey: key }))]))
    const differs = (key: string | undefined): ReturnType<typeof differenceFrom> => {
      const materialization = known.get(key)
      return materialization && differenceFrom(materialization, found.get(key), context.runId)
    }
    const unknown = keys.filter((key) => known.get(key) === undefined && isBound(found.get(key)))
    if (unknown.length > 0) for (const [key, one] of await reader.find(context.assetKey, unknown)) known.set(key, one)
    // Again, since another run may have stored a value and recorded it before its materialization was looked up.
    await Promise.all(keys.filter((key) => differs(key) !== undefined).map(load))
    const different = keys.filter((key) => differs(key) !== undefined)
    const [first] = different
    const [materialization, difference] = [known.get(first), differs(first)]
    if (materialization === undefined || difference === undefined) return
    throw dagmaError('DAGMA_VALUE_UNREACHABLE', {
      who: reader.who,
      value: keyText(context.assetKey),
      partitions: this.#ranges(context.assetKey, named(different)),
      runId: materialization.runId,
      storedBy: materialization.value?.host,
      difference,
      host: hostname(),
      place: this.#managerOf(context.assetKey).placeOf?.({ ...context, partitionKey: first }),
      command: this.#commandOf(context.assetKey, named(different)),
    })
  }

  #remember(place: string, materialization: KnownMaterialization): void {
    this.#remembered.delete(place)
    this.#remembered.set(place, materialization)
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size > mostRemembered && oldest !== undefined) this.#remembered.delete(oldest)
  }

  /** The place of data that resources keep: no asset has its value there, since no part of an asset's key begins with that character. */
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

  /** The context of an IO manager: the partition's window and dimensions are computed on access. */
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
    const isMade = this.#definitions.assets.get(input)?.step?.kind === 'materialize'
    return missingInputs(who, [{ input, partitions: this.#ranges(assetKey, keys), isMade, command: this.#commandOf(assetKey, keys) }])
  }

  #ranges(assetKey: AssetKey, keys: readonly string[]): readonly string[] {
    const partitions = this.#definitions.assets.get(keyText(assetKey))?.partitions
    return partitions === undefined ? keys : partitionRanges(partitions, keys, { now: new Date() }).map(rangeText)
  }

  #commandOf(assetKey: AssetKey, keys: readonly string[]): string {
    const partitions = keys.length === 0 ? undefined : this.#definitions.assets.get(keyText(assetKey))?.partitions
    return materializeCommand([keyText(assetKey)], partitions, keys, { now: new Date() })
  }

  #managerOf(assetKey: AssetKey): IOManager {
    const named = this.#definitions.assets.get(keyText(assetKey))?.step?.ioManager
    return (named === undefined ? undefined : this.#definitions.ioManagers.get(named)) ?? this.#default
  }
}

function placeIn({ runId, assetKey, partitionKey }: IOContext): string {
  return JSON.stringify([runId, keyText(assetKey), partitionKey ?? null])
}

function named(keys: readonly (string | undefined)[]): string[] {
  return keys.filter((key) => key !== undefined)
}

/** Whether a value can be compared with that of its materialization. One that is not there can. */
function isBound(found: LoadedValue | undefined): boolean {
  return found === undefined || found.digest !== undefined
}

/** The IO manager of a project that names no other: JSON files below `.dagma/values/`. */
export function projectValues(projectFolder: string, options: JsonFileIOManagerOptions = {}): IOManager {
  return jsonFileIOManager(join(projectFolder, '.dagma', 'values'), options)
}
