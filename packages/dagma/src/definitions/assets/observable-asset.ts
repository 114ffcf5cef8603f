import { callSite } from '../options/call-site.ts'
import { expectOptions, type OptionTable } from '../options/expect-options.ts'
import type { PartitionsDefinition } from '../partitions/partition-types.ts'
import type { AssetContext, Requiring } from './asset.ts'
import { type AssetKeyInput, stepName } from './asset-key.ts'
import { type AssetRef, type AssetSpecOptions, assetSpec, assetSpecOptions } from './asset-spec.ts'
import { makeStep } from './make-step.ts'
import type { ObserveResult } from './results.ts'
import { type Requirements, type Step, type StepOptions, stepOptions } from './step.ts'

/** An asset that something else materializes and this project observes. Made by {@link observableAsset}. */
export interface ObservableAsset<Value = unknown, Req extends Requirements = Requirements> extends AssetRef<Value>, Requiring<Req> {
  readonly type: 'observable_asset'
  /** @internal */
  readonly step: Step
}

/** Options of {@link observableAsset}. */
export interface ObservableAssetOptions<Req extends Requirements, Config, Partitions extends PartitionsDefinition = never>
  extends AssetSpecOptions,
    Omit<StepOptions<{}, Req, Config>, 'inputs'> {
  readonly key: AssetKeyInput
  /** Its partitions; default: none. */
  readonly partitions?: Partitions
  /** Observes the asset and returns what it found. */
  readonly run: (context: AssetContext<{}, Req, Config, Partitions>) => ObserveResult | Promise<ObserveResult>
}

const { inputs: _, ...stepOptionsWithoutInputs } = stepOptions

/** Those options, as `expectOptions` reads them. */
export const observableAssetOptions: OptionTable<keyof ObservableAssetOptions<{}, unknown>> = {
  key: 'key!',
  ...assetSpecOptions,
  ...stepOptionsWithoutInputs,
  run: 'function!',
}

/**
 * Declares an asset that something outside the project materializes, with a function that observes it. Dagster's `@observable_source_asset`. @throws DAGMA_KEY_INVALID
 * @example
 * ```ts
 * const inbox = observableAsset({ key: 'inbox', run: () => ({ metadata: { files: 3 } }) })
 * ```
 */
export function observableAsset<
  Value = unknown,
  Req extends Requirements = {},
  Config = undefined,
  Partitions extends PartitionsDefinition = never,
>(options: ObservableAssetOptions<Req, Config, Partitions>): ObservableAsset<Value, Req> {
  expectOptions('observableAsset()', options, observableAssetOptions)
  const spec = assetSpec(options.key, options, [], [])
  const { key } = spec
  return {
    type: 'observable_asset',
    key,
    partitions: spec.partitions,
    step: makeStep({ kind: 'observe', name: stepName(key), assets: [spec], options, source: callSite(observableAsset) }),
  }
}
