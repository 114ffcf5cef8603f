import { callSite } from '../options/call-site.ts'
import { expectOptions, type OptionTable } from '../options/expect-options.ts'
import {
  type Given,
  type InlineCheck,
  inlineChecks,
  type PartitionedContext,
  type Requiring,
  type ResultProblem,
  type WithoutProblem,
} from './asset.ts'
import type { AssetKeyInput } from './asset-key.ts'
import { type AssetRef, type AssetSpecOptions, assetSpec, assetSpecOptions, type Dep } from './asset-spec.ts'
import { type BackfillOptions, backfillOptions, type OfPartition, type RangeProblem } from './backfill.ts'
import type { TypedIOManager } from './io-manager.ts'
import { makeStep } from './make-step.ts'
import type { Returned } from './results.ts'
import { type Inputs, type Requirements, type Step, type StepOptions, stepOptions } from './step.ts'

/** One of the assets of a multi-asset. */
export interface MultiAssetPart extends AssetSpecOptions {
  /** Default: the name that it has in the multi-asset. */
  readonly key?: AssetKeyInput
  /** Upstream assets of this one beside the multi-asset's inputs and deps. */
  readonly deps?: readonly Dep[]
  /** Checks that `run` evaluates itself, by name. */
  readonly checks?: { readonly [name: string]: InlineCheck }
}

/** The parts of a multi-asset, by the names under which its function returns them. */
type Parts = { readonly [name: string]: MultiAssetPart }

/** The context of a multi-asset's function. It has `partitionKey` if the assets are partitioned, or `partitionKeysInRange` with `range: true`. */
export type MultiAssetContext<
  Name extends string,
  In = Inputs,
  Req = Requirements,
  Config = undefined,
  Partitions = never,
  Range = false,
> = {
  /** Names of the assets to materialize: all, unless the multi-asset can be subset and the run asked for some. */
  readonly selected: ReadonlySet<Name>
} & PartitionedContext<In, Req, Config, Partitions, Range>

/** Options of {@link multiAsset}. Type parameters as those of `asset`, and the parts by name. */
export interface MultiAssetOptions<
  Of extends Parts,
  In extends Inputs,
  Req extends Requirements,
  Config,
  Out,
  CanSubset extends boolean = boolean,
  Kept = never,
  Range extends boolean = false,
> extends StepOptions<In, Req, Config>,
    BackfillOptions<Range> {
  /** Name of the step. */
  readonly name: string
  /** Its assets, by the name under which `run` returns their values. At least one. */
  readonly assets: Of
  /** Assets that only come before, upstream of each of them. */
  readonly deps?: readonly Dep[]
  /** Whether a run may ask for some of the assets only; default false. */
  readonly canSubset?: CanSubset
  /** Key of the IO manager that keeps the values, or {@link typedIOManager} of the key; default: the project's. */
  readonly ioManager?: string | TypedIOManager<Kept>
  /** Makes the values: an object with one for each selected asset, bare or by `materializeResult()`; with `range: true` such an object by partition key. */
  readonly run: (context: MultiAssetContext<keyof Of & string, In, Req, Config, PartitionsOf<Of>, Range>) => Out
}

/** Several assets made by one step. Made by {@link multiAsset}; `assets` has a reference to each, for other assets' inputs and deps. */
export interface MultiAsset<Values = { readonly [name: string]: unknown }, Req extends Requirements = Requirements> extends Requiring<Req> {
  readonly type: 'multi_asset'
  /** @internal */
  readonly step: Step
  readonly assets: { readonly [Name in keyof Values]: AssetRef<Values[Name]> }
}

type PartitionsOf<Of> = Of[keyof Of] extends infer Part
  ? Part extends { readonly partitions: infer Partitions }
    ? Partitions
    : never
  : never
type ChecksOf<Part> = Part extends { readonly checks: infer Checks } ? keyof Checks & string : never

/** The value that a function returned under a name, in any of the accepted forms. */
type Part<Out, Name> =
  Awaited<Out> extends infer Values ? (Values extends unknown ? (Name extends keyof Values ? Values[Name] : never) : never) : never
/** The names in what a function returned, as far as they are known. */
type NamesIn<Values> = Values extends unknown ? (string extends keyof Values ? never : keyof Values) : never

type ValuesOf<Of, Out, Kept> = {
  readonly [Name in keyof Of]: Given<Returned<Exclude<Part<Out, Name>, undefined>>, Kept>
}

/** The problems of the return type of a multi-asset's function, as sentences; never if there are none. */
type PartsProblem<Of, Out, CanSubset, Kept> = unknown extends Out
  ? never
  : string extends keyof Of
    ? never
    : Awaited<Out> extends object
      ? Unknown<Exclude<NamesIn<Awaited<Out>>, keyof Of>> | Incomplete<Of, Awaited<Out>, CanSubset> | PartProblem<Of, Out, CanSubset, Kept>
      : 'A multi-asset returns an object with a value for each of its assets.'
type Incomplete<Of, Values, CanSubset> = true extends CanSubset ? never : Missing<Exclude<keyof Of, keyof Values>>
type PartProblem<Of, Out, CanSubset, Kept> = {
  [Name in keyof Of]: ResultProblem<Exclude<Part<Out, Name>, true extends CanSubset ? undefined : never>, ChecksOf<Of[Name]>, Kept>
}[keyof Of]
type Unknown<Name> = [Name] extends [never] ? never : `The multi-asset has no asset "${Name & string}".`
type Missing<Name> = [Name] extends [never] ? never : `The value of "${Name & string}" is missing.`

/** Those options, as `expectOptions` reads them. */
export const multiAssetOptions: OptionTable<keyof MultiAssetOptions<{}, {}, {}, unknown, unknown>> = {
  name: 'text!',
  assets: 'record!',
  deps: 'assetsOrKeys',
  ...stepOptions,
  ...backfillOptions,
  canSubset: 'boolean',
  ioManager: 'ioManager',
  run: 'function!',
}

/** Those options, as `expectOptions` reads them. */
export const multiAssetPartOptions: OptionTable<keyof MultiAssetPart> = {
  key: 'key',
  ...assetSpecOptions,
  deps: 'assetsOrKeys',
  checks: 'record',
}

/** A multi-asset has assets. */
type SomeParts<Of> = [keyof Of] extends [never] ? { readonly assets: 'A multi-asset has at least one asset.' } : unknown

/**
 * Declares several assets that one function materializes together. Dagster's `@multi_asset`.
 * @throws DAGMA_KEY_INVALID when a key or name has other characters than those allowed.
 * @example
 * ```ts
 * const shop = multiAsset({
 *   name: 'shop',
 *   assets: { orders: {}, customers: { description: 'One row for each customer.' } },
 *   run: () => ({ orders: [20, 35], customers: ['Ada'] }),
 * })
 * ```
 */
export function multiAsset<
  const Of extends Parts,
  In extends Inputs = {},
  Req extends Requirements = {},
  Config = undefined,
  Out = unknown,
  CanSubset extends boolean = false,
  Kept = never,
  Range extends boolean = false,
>(
  options: MultiAssetOptions<Of, In, Req, Config, Out, CanSubset, Kept, Range> &
    SomeParts<Of> &
    WithoutProblem<RangeProblem<Out, Range> | PartsProblem<Of, OfPartition<Out, Range>, CanSubset, Kept>>,
): MultiAsset<ValuesOf<Of, OfPartition<Out, Range>, Kept>, Req> {
  expectOptions('multiAsset()', options, multiAssetOptions)
  const inputs = Object.values(options.inputs ?? {})
  const parts = Object.entries<MultiAssetPart>(options.assets)
  const specs = parts.map(([name, part]) => {
    expectOptions(`asset "${name}" of multiAsset()`, part, multiAssetPartOptions)
    return assetSpec(part.key ?? name, part, inputs, [...(part.deps ?? []), ...(options.deps ?? [])])
  })
  const checks = parts.flatMap(([, part], index) => inlineChecks(specs[index]?.key ?? [], part.checks))
  const step = makeStep({
    kind: 'materialize',
    name: options.name,
    assets: specs,
    checks,
    partNames: parts.map(([name]) => name),
    canSubset: options.canSubset,
    ioManager: options.ioManager,
    options,
    source: callSite(multiAsset),
  })
  const assets = Object.fromEntries(
    parts.map(([name], index) => [name, { key: specs[index]?.key ?? [], partitions: specs[index]?.partitions }]),
  )
  return { type: 'multi_asset', step, assets: assets as MultiAsset<ValuesOf<Of, OfPartition<Out, Range>, Kept>>['assets'] }
}
