import { callSite, type SourcePlace } from '../options/call-site.ts'
import { expectOptions, type OptionTable } from '../options/expect-options.ts'
import type { AssetKeyInput } from './asset-key.ts'
import { type AssetRef, type AssetSpec, type AssetSpecOptions, assetSpec, assetSpecOptions, type Dep } from './asset-spec.ts'

/** An asset that something else materializes. Made by {@link externalAsset}. */
export interface ExternalAsset<Value = unknown> extends AssetRef<Value> {
  readonly type: 'external_asset'
  /** @internal */
  readonly spec: AssetSpec
  /** Where it was declared, if known. @internal */
  readonly source: () => SourcePlace | undefined
}

/** Those options, as `expectOptions` reads them. */
export const externalAssetOptions: OptionTable<keyof AssetSpecOptions | 'key' | 'deps'> = {
  key: 'key!',
  ...assetSpecOptions,
  deps: 'assetsOrKeys',
}

/**
 * Declares an asset that something outside the project materializes, so that lineage shows it. As an input, its IO manager must find its value.
 * `externalAsset<Row[]>({ key: 'rows' })` says what type that value has. Dagster's external asset. @throws DAGMA_KEY_INVALID
 * @example
 * ```ts
 * const rows = externalAsset<{ id: number }[]>({ key: 'rows', description: 'Written by the billing system.' })
 * const report = asset({ key: 'report', deps: [rows], run: () => 'a report' })
 * ```
 */
export function externalAsset<Value = unknown>(
  options: { key: AssetKeyInput; deps?: readonly Dep[] } & AssetSpecOptions,
): ExternalAsset<Value> {
  expectOptions('externalAsset()', options, externalAssetOptions)
  const spec = assetSpec(options.key, options, [], options.deps ?? [])
  return { type: 'external_asset', key: spec.key, partitions: spec.partitions, spec, source: callSite(externalAsset) }
}
