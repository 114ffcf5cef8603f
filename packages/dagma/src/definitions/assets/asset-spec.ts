import type { Metadata } from '../../metadata/metadata-value.ts'
import type { AutomationCondition } from '../automation/automation-condition.ts'
import type { OptionTable } from '../options/expect-options.ts'
import { type PartitionMapping, withoutMapping } from '../partitions/partition-mapping.ts'
import type { PartitionsDefinition } from '../partitions/partition-types.ts'
import { type AssetKey, type AssetKeyInput, assetKey, checkedName, keyText } from './asset-key.ts'

declare const valueType: unique symbol

/** A reference to an asset, typed by the value that it gives to its consumers. Every declared asset is one. */
export interface AssetRef<Value = unknown> {
  readonly key: AssetKey
  /** Its partitions. Undefined for an asset without, and where only the key is known. */
  readonly partitions?: PartitionsDefinition | undefined
  readonly [valueType]?: Value
}

/** The value that an asset gives to its consumers. */
export type ValueOf<A> = A extends { readonly [valueType]?: infer Value } ? Value : never

/** An upstream asset that only comes before: the asset, its key, or either with a partition mapping. */
export type Dep = AssetRef | AssetKeyInput | DepWithMapping

/** An upstream asset with the mapping of its partitions. Made by {@link mapped}. */
export interface DepWithMapping<Value = unknown> extends AssetRef<Value> {
  readonly mapping: PartitionMapping
}

/**
 * Selects the partitions of an upstream asset that a partition depends on; default: the one of the same key. As an input of several partitions,
 * the value is an object from partition key to value.
 * @example
 * ```ts
 * const day = dailyPartitions({ start: '2026-01-01' })
 * const sales = asset({ key: 'sales', partitions: day, run: () => 20 })
 * const week = weeklyPartitions({ start: '2026-01-05' })
 * const weekly = asset({
 *   key: 'weekly',
 *   partitions: week,
 *   inputs: { sales: mapped(sales, PartitionMapping.timeWindow()) },
 *   run: ({ inputs }) => Object.values(inputs.sales).reduce((sum, amount) => sum + amount, 0),
 * })
 * ```
 */
export function mapped<Value, Mapping extends PartitionMapping>(
  upstream: AssetRef<Value>,
  mapping: Mapping,
): DepWithMapping<Mapping['many'] extends true ? { readonly [partitionKey: string]: Value } : Value> {
  return { key: upstream.key, partitions: upstream.partitions, mapping }
}

/** Options of every kind of asset, besides its key. */
export interface AssetSpecOptions {
  /** Parts that are before the key; default: none. */
  readonly keyPrefix?: AssetKeyInput
  /** Group in the UI; default `default`. */
  readonly group?: string
  /** Markdown shown on the asset's page. */
  readonly description?: string
  /** E-mail addresses, or `team:` and a name. */
  readonly owners?: readonly string[]
  /** Labels to select by. */
  readonly tags?: { readonly [tag: string]: string }
  /** Kinds shown in the UI beside `typescript`, for example `qdrant`. */
  readonly kinds?: readonly string[]
  /** Version of the function that makes it: when it changes, Dagster shows the asset as out of date. */
  readonly codeVersion?: string
  /** Metadata known when definitions load: shown on the asset's overview. */
  readonly metadata?: Metadata
  /** Its partitions; default: none. */
  readonly partitions?: PartitionsDefinition
  /** When Dagster materializes it by itself; the embedded engine does not. */
  readonly automation?: AutomationCondition
}

/** Those options, as `expectOptions` reads them. */
export const assetSpecOptions: OptionTable<keyof AssetSpecOptions> = {
  keyPrefix: 'key',
  group: 'text',
  description: 'text',
  owners: 'texts',
  tags: 'tags',
  kinds: 'texts',
  codeVersion: 'text',
  metadata: 'record',
  partitions: 'partitions',
  automation: 'automation',
}

/** An asset as it is declared: pure data. Dagster's `AssetSpec`. */
export interface AssetSpec extends AssetRef {
  readonly group: string
  readonly description: string | undefined
  readonly owners: readonly string[]
  readonly tags: { readonly [tag: string]: string }
  readonly kinds: readonly string[]
  readonly codeVersion: string | undefined
  readonly metadata: Metadata
  readonly partitions: PartitionsDefinition | undefined
  readonly automation: AutomationCondition | undefined
  /** Every direct upstream asset, each once: those whose value is loaded first. */
  readonly deps: readonly DepWithMapping[]
}

/** The spec that these options declare. `inputs` come before `deps`. @throws DAGMA_KEY_INVALID */
export function assetSpec(key: AssetKeyInput, options: AssetSpecOptions, inputs: readonly AssetRef[], deps: readonly Dep[]): AssetSpec {
  const upstream = [...inputs, ...deps].map(depWithMapping)
  return {
    key: assetKey(key, options.keyPrefix),
    group: checkedName('A group', options.group ?? 'default'),
    description: options.description,
    owners: options.owners ?? [],
    tags: options.tags ?? {},
    kinds: options.kinds ?? [],
    codeVersion: options.codeVersion,
    metadata: options.metadata ?? {},
    partitions: options.partitions,
    automation: options.automation,
    deps: [...new Map(upstream.map((dep) => [keyText(dep.key), dep])).values()],
  }
}

/** The dep with its key as a path and its mapping, the default one included. */
export function depWithMapping(dep: Dep): DepWithMapping {
  if (typeof dep === 'string' || !('key' in dep)) return { key: assetKey(dep), mapping: withoutMapping }
  return { key: dep.key, partitions: dep.partitions, mapping: 'mapping' in dep ? dep.mapping : withoutMapping }
}
