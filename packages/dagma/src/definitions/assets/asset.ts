import { callSite } from '../options/call-site.ts'
import { expectOptions, type OptionTable } from '../options/expect-options.ts'
import type { PartitionContext, PartitionRangeContext } from '../partitions/partition-context.ts'
import type { PartitionsDefinition } from '../partitions/partition-types.ts'
import { type AssetKey, type AssetKeyInput, checkedName, stepName } from './asset-key.ts'
import { type AssetRef, type AssetSpecOptions, assetSpec, assetSpecOptions, type Dep } from './asset-spec.ts'
import { type BackfillOptions, backfillOptions, type OfPartition, type RangeProblem } from './backfill.ts'
import type { TypedIOManager } from './io-manager.ts'
import { makeStep } from './make-step.ts'
import type { CheckProblem, Returned } from './results.ts'
import {
  type CheckSpec,
  type Inputs,
  type RangeInputValues,
  type Requirements,
  type Step,
  type StepContext,
  type StepOptions,
  stepOptions,
} from './step.ts'
import type { StorageProblem, Stored } from './stored.ts'

declare const requirementsType: unique symbol

/** The context of an asset's function. It has `partitionKey` if the asset is partitioned, or `partitionKeysInRange` with `range: true`. */
export type AssetContext<In = Inputs, Req = Requirements, Config = undefined, Partitions = never, Range = false> = {
  readonly assetKey: AssetKey
} & PartitionedContext<In, Req, Config, Partitions, Range>

/** The options that differ between functions for a single partition and those with `range: true`. */
export type PartitionedContext<In, Req, Config, Partitions, Range> = true extends Range
  ? Omit<StepContext<In, Req, Config>, 'inputs'> & { readonly inputs: RangeInputValues<In> } & PartitionRangeContext<Partitions>
  : StepContext<In, Req, Config> & PartitionContext<Partitions>

/** A check that an asset's own function evaluates, declared with the asset. */
export interface InlineCheck {
  readonly description?: string
  /** Whether what is downstream of the asset is skipped when it fails with severity ERROR; default false. */
  readonly blocking?: boolean
}

/** Options of {@link asset}. Each type parameter is inferred from its own property: a single one for all cannot type `run`'s context. */
export interface AssetOptions<
  In extends Inputs,
  Req extends Requirements,
  Config,
  Out,
  Partitions extends PartitionsDefinition = never,
  Check extends string = string,
  Kept = never,
  Range extends boolean = false,
> extends AssetSpecOptions,
    StepOptions<In, Req, Config>,
    BackfillOptions<Range> {
  /** Unique in the project. Text with "/" between its parts, or a path. */
  readonly key: AssetKeyInput
  /** Assets that only come before this one. */
  readonly deps?: readonly Dep[]
  /** Checks that `run` evaluates itself, by name: their results go into `materializeResult(value, { metadata, checks })`. */
  readonly checks?: { readonly [Name in Check]: InlineCheck }
  /** Its partitions; default: none. */
  readonly partitions?: Partitions
  /** Key of the IO manager that keeps the value, or {@link typedIOManager} of the key; default: the project's. */
  readonly ioManager?: string | TypedIOManager<Kept>
  /** Makes the value. Returns it bare, or with metadata by `materializeResult(value, { metadata })`. */
  readonly run: (context: AssetContext<In, Req, Config, Partitions, Range>) => Out
}

/** Those options, as `expectOptions` reads them. */
export const assetOptions: OptionTable<keyof AssetOptions<{}, {}, unknown, unknown>> = {
  key: 'key!',
  ...assetSpecOptions,
  deps: 'assetsOrKeys',
  ...stepOptions,
  ...backfillOptions,
  checks: 'record',
  ioManager: 'ioManager',
  run: 'function!',
}

/** Those options, as `expectOptions` reads them. */
export const inlineCheckOptions: OptionTable<keyof InlineCheck> = { description: 'text', blocking: 'boolean' }

/** The type of a value for downstream assets: unchanged if its IO manager preserves it, otherwise as JSON returns it. */
export type Given<Value, Kept> = [Kept] extends [never] ? Stored<Value> : Value

/** The problems of a function's return type, as sentences; never if there are none, unknown until the compiler has inferred `Out`. */
export type ResultProblem<Out, Check extends string, Kept> = unknown extends Out
  ? never
  : CheckProblem<Out, Check> | ([Kept] extends [never] ? StorageProblem<Returned<Out>> : KeptProblem<Returned<Out>, Kept>)
type KeptProblem<Value, Kept> = [Value] extends [Kept] ? never : 'The value is not of the type that typedIOManager() says.'

/** Options whose `run` has this problem: they do not compile, and the compiler says the problem at `run`. */
export type WithoutProblem<Problem> = [Problem] extends [never] ? unknown : { readonly run: Problem }

/** Definitions that use resources: a missing binding does not compile. */
export interface Requiring<Req extends Requirements = Requirements> {
  readonly [requirementsType]?: Req
}

/** A declared asset: pure data. Made by {@link asset}. `Value` is what it gives to its consumers, `Req` the kinds of resource it uses. */
export interface Asset<Value = unknown, Req extends Requirements = Requirements> extends AssetRef<Value>, Requiring<Req> {
  readonly type: 'asset'
  /** @internal */
  readonly step: Step
}

/**
 * Declares an asset: a key, its upstream assets, and the function that computes its value. Dagster's `@asset`.
 * @throws DAGMA_KEY_INVALID when the key or the group has other characters than those allowed.
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', run: () => [20, 35] })
 * const revenue = asset({
 *   key: 'revenue',
 *   inputs: { orders },
 *   run: ({ inputs }) => inputs.orders.reduce((sum, amount) => sum + amount, 0),
 * })
 * ```
 */
export function asset<
  In extends Inputs = {},
  Req extends Requirements = {},
  Config = undefined,
  Out = unknown,
  Partitions extends PartitionsDefinition = never,
  Check extends string = never,
  Kept = never,
  Range extends boolean = false,
>(
  options: AssetOptions<In, Req, Config, Out, Partitions, Check, Kept, Range> &
    WithoutProblem<RangeProblem<Out, Range> | ResultProblem<OfPartition<Out, Range>, Check, Kept>>,
): Asset<Given<Returned<OfPartition<Out, Range>>, Kept>, Req> {
  expectOptions('asset()', options, assetOptions)
  const spec = assetSpec(options.key, options, Object.values(options.inputs ?? {}), options.deps ?? [])
  const { key } = spec
  const checks = inlineChecks(key, options.checks)
  const step = makeStep({
    kind: 'materialize',
    name: stepName(key),
    assets: [spec],
    checks,
    ioManager: options.ioManager,
    options,
    source: callSite(asset),
  })
  return { type: 'asset', key, partitions: step.assets[0]?.partitions, step }
}

/** The checks that an asset's own step evaluates. */
export function inlineChecks(asset: AssetKey, checks: { readonly [name: string]: InlineCheck } = {}): CheckSpec[] {
  return Object.entries<InlineCheck>(checks).map(([name, check]) => {
    expectOptions(`check "${name}"`, check, inlineCheckOptions)
    const { description, blocking = false } = check
    return { asset, name: checkedName('A check', name), description, blocking }
  })
}
