import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AssetCheck } from '../definitions/assets/asset-check.ts'
import { keyText } from '../definitions/assets/asset-key.ts'
import type { AssetRef } from '../definitions/assets/asset-spec.ts'
import { type ExternalAsset, externalAsset } from '../definitions/assets/external-asset.ts'
import type { IOContext, IOManager } from '../definitions/assets/io-manager.ts'
import { definitions } from '../definitions/definitions.ts'
import { type AnyAsset, type Definitions, isDefinitions } from '../definitions/model.ts'
import type { PartitionsDefinition } from '../definitions/partitions/partition-types.ts'
import type { Resource } from '../definitions/resource.ts'
import { EventLog } from '../engine/event-log.ts'
import { materializeWith } from '../engine/materialize-with.ts'
import type { MaterializeOptions, MaterializeRun } from '../engine/run-options.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { memoryIOManager } from '../runtime/values/memory-io.ts'
import { type GivenValues, withGivenValues } from './given-values.ts'

/** Options of {@link materializeToMemory}, besides the assets. */
export interface InMemoryOptions extends Omit<MaterializeOptions, 'durability'> {
  /**
   * Values of upstream assets, by key text: they need not be among the assets, and are not made when they are given. Of a partitioned asset, an
   * object whose members are all keys of its partitions gives each of these its value; anything else is the value of every partition.
   */
  readonly values?: GivenValues
  /** Resources by key; of given definitions, these take the place of theirs. */
  readonly resources?: { readonly [key: string]: Resource<unknown> }
  /** Checks to evaluate beside the assets. */
  readonly checks?: readonly AssetCheck[]
  /** Keys of dynamic partitions, by the name of their definition; default: none, and a run of one is refused. */
  readonly dynamicPartitions?: { readonly [name: string]: readonly string[] }
  /** The time; default: the machine's. */
  readonly clock?: Clock
}

/**
 * Runs assets with an event log and values in memory, and opens no socket. The whole engine takes part: selection, config, resources, retries, checks,
 * redaction. Local backends, such as that of Qdrant, write into a project folder that each call has for itself and that is gone afterwards, unless
 * `projectFolder` names another. Dagster's `materialize_to_memory`.
 * @throws DefinitionErrors when the assets are wrong; what `materialize` throws
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', run: () => [20, 35] })
 * const run = await materializeToMemory([orders])
 * console.log(run.status)
 * ```
 */
export async function materializeToMemory(
  assets: Definitions | readonly AnyAsset[],
  options: InMemoryOptions = {},
): Promise<MaterializeRun> {
  const { values = {}, resources = {}, checks = [], dynamicPartitions = {}, clock, ...run } = options
  const given = Object.keys(values)
  const defs = isDefinitions(assets) ? withResources(assets, resources) : collected(assets, given, resources, checks)
  using eventLog = EventLog.inMemory()
  for (const [partitions, add] of Object.entries(dynamicPartitions)) eventLog.changeDynamicPartitions({ partitions, add })
  const at = { now: (clock ?? systemClock).now(), dynamicKeys: (name: string) => eventLog.dynamicPartitions(name) }
  const ioManager = await withGivenValues(memoryOf(defs), values, defs, at)
  const makes = run.job === undefined && (run.kind ?? 'materialize') === 'materialize'
  const selection = run.selection ?? (makes && given.length > 0 ? made(defs, given) : undefined)
  using projectFolder = temporaryFolder()
  const all = { projectFolder: projectFolder.path, ...run, ...(selection === undefined ? {} : { selection }) }
  return await materializeWith({ ...defs, ioManagers: new Map([['default', ioManager]]) }, all, {
    eventLog,
    ...(clock === undefined ? {} : { clock }),
  })
}

/** A new folder, removed with everything that is in it when it is disposed of. */
function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'dagma-in-memory-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

function collected(
  assets: readonly AnyAsset[],
  given: readonly string[],
  resources: { readonly [key: string]: Resource<unknown> },
  checks: readonly AssetCheck[],
): Definitions {
  const declared = new Set(
    assets.flatMap((asset) => ('key' in asset ? [asset.key] : Object.values(asset.assets).map((ref) => ref.key))).map(keyText),
  )
  const named = new Map(assets.flatMap(upstreamOf).map((ref) => [keyText(ref.key), ref.partitions]))
  const outside = given.filter((key) => !declared.has(key)).map((key) => outsideAsset(key, named.get(key)))
  const managers = assets.flatMap((asset) => ('step' in asset && asset.step.ioManager !== undefined ? [asset.step.ioManager] : []))
  const ioManagers = Object.fromEntries(managers.map((name) => [name, memoryIOManager()]))
  return definitions<AnyAsset[], AssetCheck[]>({ assets: [...assets, ...outside], checks: [...checks], resources, ioManagers })
}

function upstreamOf(asset: AnyAsset): readonly AssetRef[] {
  return 'step' in asset ? asset.step.assets.flatMap(({ deps }) => deps) : asset.spec.deps
}

/** Stands for an asset that is not among those of the test, with the partitions that what depends on it knows it to have. */
function outsideAsset(key: string, partitions: PartitionsDefinition | undefined): ExternalAsset {
  return externalAsset({ key, ...(partitions && { partitions }) })
}

/** Keeps values in memory, and returns what each asset's own IO manager would: the value itself of a typed one, by way of JSON of any other. */
function memoryOf({ assets }: Definitions): IOManager {
  const [json, asIs] = [memoryIOManager(), memoryIOManager({ asIs: true })]
  const managerOf = ({ assetKey }: IOContext): IOManager => (assets.get(keyText(assetKey))?.step?.valuesAsIs ? asIs : json)
  return {
    handleOutput: (context, value) => managerOf(context).handleOutput(context, value),
    loadInput: (context) => managerOf(context).loadInput(context),
  }
}

function withResources(defs: Definitions, resources: { readonly [key: string]: Resource<unknown> }): Definitions {
  return { ...defs, resources: new Map([...defs.resources, ...Object.entries(resources)]) }
}

/** All assets that are made here and whose value was not given. */
function made({ assets }: Definitions, given: readonly string[]): string {
  return [...assets.keys()].filter((key) => !given.includes(key)).join(',')
}
