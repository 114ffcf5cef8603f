import { callSite } from '../options/call-site.ts'
import { expectOptions, type OptionTable } from '../options/expect-options.ts'
import type { MaybePartitionContext, PartitionKeyRange } from '../partitions/partition-context.ts'
import type { AssetContext, Requiring } from './asset.ts'
import { type AssetKey, type AssetKeyInput, assetKey, checkedName, stepName } from './asset-key.ts'
import type { AssetRef } from './asset-spec.ts'
import { makeStep } from './make-step.ts'
import type { CheckResult } from './results.ts'
import { type Inputs, type Requirements, type Step, type StepOptions, stepOptions } from './step.ts'

/** A check of an asset, in its own step. Made by {@link assetCheck}. */
export interface AssetCheck<Req extends Requirements = Requirements> extends Requiring<Req> {
  readonly type: 'asset_check'
  readonly asset: AssetKey
  readonly name: string
  /** @internal */
  readonly step: Step
}

/** The context of a check's function. */
export type AssetCheckContext<Value, In = Inputs, Req = Requirements, Config = undefined> = AssetContext<In, Req, Config> &
  MaybePartitionContext & {
    /** Key of the partition that is checked; undefined of an asset without partitions, and in a run without a partition. */
    readonly partitionKey: string | undefined
    /** Whether the run names a partition of the asset. Dagster's `context.has_partition_key`. */
    readonly hasPartitionKey: boolean
    /** The one key twice; undefined where there is none. */
    readonly partitionKeyRange: PartitionKeyRange | undefined
    /** Loads the value of the checked asset, through its IO manager. */
    readonly load: () => Promise<Value>
  }

/** Options of {@link assetCheck}. */
export interface AssetCheckOptions<Value, In extends Inputs, Req extends Requirements, Config> extends StepOptions<In, Req, Config> {
  /** The checked asset, or its key. */
  readonly asset: AssetRef<Value> | AssetKeyInput
  /** Unique among the asset's checks. */
  readonly name: string
  readonly description?: string
  /** Whether what is downstream of the asset waits for it, and is skipped when it fails with severity ERROR; default false. */
  readonly blocking?: boolean
  /** Runs the check and returns its result. */
  readonly run: (context: AssetCheckContext<Value, In, Req, Config>) => CheckResult | Promise<CheckResult>
}

/** Those options, as `expectOptions` reads them. */
export const assetCheckOptions: OptionTable<keyof AssetCheckOptions<unknown, {}, {}, unknown>> = {
  asset: 'assetOrKey!',
  name: 'text!',
  description: 'text',
  blocking: 'boolean',
  ...stepOptions,
  run: 'function!',
}

/**
 * Declares a check of an asset. It runs after the asset in the same run, or on its own. Dagster's `@asset_check`. @throws DAGMA_KEY_INVALID
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', run: () => [20, 35] })
 * const notEmpty = assetCheck({ asset: orders, name: 'not_empty', run: async ({ load }) => ({ passed: (await load()).length > 0 }) })
 * ```
 */
export function assetCheck<Value = unknown, In extends Inputs = {}, Req extends Requirements = {}, Config = undefined>(
  options: AssetCheckOptions<Value, In, Req, Config>,
): AssetCheck<Req> {
  expectOptions('assetCheck()', options, assetCheckOptions)
  const { asset: of, name, description, blocking = false } = options
  const asset = typeof of === 'string' || !('key' in of) ? assetKey(of) : of.key
  const checks = [{ asset, name: checkedName('A check', name), description, blocking }]
  return {
    type: 'asset_check',
    asset,
    name,
    step: makeStep({ kind: 'check', name: `${stepName(asset)}_${name}`, checks, options, source: callSite(assetCheck) }),
  }
}
