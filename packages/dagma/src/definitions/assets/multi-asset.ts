import { callSite } from '../validation/call-site.ts'
import { type InlineCheck, inlineChecks, type Requiring } from './asset.ts'
import type { AssetKeyInput } from './asset-key.ts'
import { type AssetRef, type AssetSpecOptions, assetSpec, type Dep } from './asset-spec.ts'
import { makeStep } from './make-step.ts'
import type { Returned } from './results.ts'
import type { Inputs, Requirements, Step, StepContext, StepOptions } from './step.ts'

/** One of the assets that a multi-asset makes. */
export interface MultiAssetPart extends AssetSpecOptions {
  /** Default: the name that it has in the multi-asset. */
  readonly key?: AssetKeyInput
  /** Upstream assets of this one beside the multi-asset's inputs. */
  readonly deps?: readonly Dep[]
  /** Checks that `run` evaluates itself, by name. */
  readonly checks?: { readonly [name: string]: InlineCheck }
}

/** What a multi-asset's function is called with. */
export interface MultiAssetContext<Name extends string, In = Inputs, Req = Requirements, Config = undefined>
  extends StepContext<In, Req, Config> {
  /** Names of the assets that are to be made: all, unless the multi-asset can be subset and the run asked for some. */
  readonly selected: ReadonlySet<Name>
}

/** What {@link multiAsset} takes. Type parameters as those of `asset`, and the parts by name. */
export interface MultiAssetOptions<
  Parts extends { readonly [name: string]: MultiAssetPart },
  In extends Inputs,
  Req extends Requirements,
  Config,
  Out,
> extends StepOptions<In, Req, Config> {
  /** Name of the step. */
  readonly name: string
  /** What it makes, by the name under which `run` returns it. */
  readonly assets: Parts
  /** Whether a run may ask for some of the assets only; default false. */
  readonly canSubset?: boolean
  /** Key of the IO manager that keeps the values; default: the project's. */
  readonly ioManager?: string
  /** Makes the values: an object with one for each selected asset, bare or by `materializeResult()`. */
  readonly run: (context: MultiAssetContext<keyof Parts & string, In, Req, Config>) => Out
}

/** Several assets made by one step. Made by {@link multiAsset}; `assets` has a reference to each, for other assets' inputs and deps. */
export interface MultiAsset<Values = { readonly [name: string]: unknown }, Req extends Requirements = Requirements> extends Requiring<Req> {
  readonly type: 'multi_asset'
  readonly step: Step
  readonly assets: { readonly [Name in keyof Values]: AssetRef<Values[Name]> }
}

type ValuesOf<Parts, Out> = {
  readonly [Name in keyof Parts]: Name extends keyof Awaited<Out> ? Returned<Exclude<Awaited<Out>[Name], undefined>> : never
}

/** What a function returns that makes all of the assets, and one that may make some only. */
type All<Parts> = { readonly [Name in keyof Parts]: unknown }
type Some<Parts> = { readonly [Name in keyof Parts]?: unknown }

/** Declares several assets that one function makes together. Dagster's `@multi_asset`. @throws DAGMA_KEY_INVALID */
export function multiAsset<
  const Parts extends { readonly [name: string]: MultiAssetPart },
  In extends Inputs = {},
  Req extends Requirements = {},
  Config = undefined,
  Out extends Some<Parts> | Promise<Some<Parts>> = never,
>(options: MultiAssetOptions<Parts, In, Req, Config, Out> & { readonly canSubset: true }): MultiAsset<ValuesOf<Parts, Out>, Req>
// Last: its error is the one that the compiler tells.
export function multiAsset<
  const Parts extends { readonly [name: string]: MultiAssetPart },
  In extends Inputs = {},
  Req extends Requirements = {},
  Config = undefined,
  Out extends All<Parts> | Promise<All<Parts>> = never,
>(options: MultiAssetOptions<Parts, In, Req, Config, Out>): MultiAsset<ValuesOf<Parts, Out>, Req>
export function multiAsset<
  const Parts extends { readonly [name: string]: MultiAssetPart },
  In extends Inputs,
  Req extends Requirements,
  Config,
  Out,
>(options: MultiAssetOptions<Parts, In, Req, Config, Out>): MultiAsset<ValuesOf<Parts, Out>, Req> {
  const inputs = Object.values(options.inputs ?? {})
  const parts = Object.entries<MultiAssetPart>(options.assets)
  const specs = parts.map(([name, part]) => assetSpec(part.key ?? name, part, inputs, part.deps ?? []))
  const checks = parts.flatMap(([, part], index) => inlineChecks(specs[index]?.key ?? [], part.checks))
  const run = options.run as (context: never) => unknown
  const step = makeStep(
    'materialize',
    options.name,
    { assets: specs, checks, partNames: parts.map(([name]) => name), canSubset: options.canSubset ?? false, ioManager: options.ioManager },
    options,
    run,
    callSite(multiAsset),
  )
  const assets = Object.fromEntries(parts.map(([name], index) => [name, { key: specs[index]?.key ?? [] }]))
  return { type: 'multi_asset', step, assets: assets as MultiAsset<ValuesOf<Parts, Out>>['assets'] }
}
