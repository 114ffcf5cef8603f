import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Metadata } from '../metadata/metadata-value.ts'
import { type AssetKey, type AssetKeyInput, assetKey, checkedName } from './asset-key.ts'
import { callSite, type SourcePlace } from './call-site.ts'
import type { MaterializeResult } from './materialize-result.ts'
import type { ClientOf, ResourceType } from './resource.ts'
import type { StepLog } from './step-log.ts'

/** Any kind of resource; what an asset may name under `resources`. */
export type AnyResourceType = ResourceType<never, unknown>

/** The assets whose values a function takes, by the name it takes them under. */
export type Inputs = { readonly [name: string]: Asset }

/** The kinds of resource that a function uses, by the key they are bound under. */
export type Requirements = { readonly [key: string]: AnyResourceType }

/** The value that an asset gives to its consumers. */
export type ValueOf<A> = A extends { readonly [valueType]?: infer Value } ? Value : never

declare const valueType: unique symbol
declare const requirementsType: unique symbol

/** What an asset's function is called with. */
export interface AssetContext<In = Inputs, Req = Requirements, Config = undefined> {
  readonly assetKey: AssetKey
  readonly runId: string
  /** 0 for the first attempt. */
  readonly retryNumber: number
  /** Values of the upstream assets named under `inputs`. */
  readonly inputs: { readonly [Name in keyof In]: ValueOf<In[Name]> }
  /** Opened clients of the resources named under `resources`. */
  readonly resources: { readonly [Key in keyof Req]: ClientOf<Req[Key]> }
  /** The validated config. */
  readonly config: Config
  readonly log: StepLog
  /** Aborted when the step is canceled: hand it to whatever waits. */
  readonly signal: AbortSignal
}

/** The value inside what a function returned. */
export type Returned<Out> = Awaited<Out> extends MaterializeResult<infer Value> ? Value : Awaited<Out>

/**
 * What {@link asset} takes. Four type parameters, since each is inferred from its own property: a single one cannot type `run`'s context.
 */
export interface AssetOptions<In extends Inputs, Req extends Requirements, Config, Out> {
  /** Unique in the project. Text with "/" between its parts, or a path. */
  readonly key: AssetKeyInput
  /** Group in the UI; default `default`. */
  readonly group?: string
  /** Markdown shown on the asset's page. */
  readonly description?: string
  /** Assets whose values `run` takes; they are loaded through the IO manager. */
  readonly inputs?: In
  /** Assets that only come before this one. */
  readonly deps?: readonly (Asset | AssetKeyInput)[]
  /** Kinds of resource that `run` uses. `definitions()` must bind each key. */
  readonly resources?: Req
  /** Schema of the run config, by zod or any Standard Schema. Default: no config. */
  readonly config?: StandardSchemaV1<unknown, Config>
  /** Kinds shown in the UI beside `typescript`, for example `qdrant`. */
  readonly kinds?: readonly string[]
  /** Metadata known when definitions load: shown on the asset's overview. */
  readonly metadata?: Metadata
  /** Makes the value. Returns it bare, or with metadata by `materializeResult(value, metadata)`. */
  readonly run: (context: AssetContext<In, Req, Config>) => Out
}

/** A declared asset: pure data. Made by {@link asset}. `Value` is what it gives to its consumers, `Req` the kinds of resource it uses. */
export interface Asset<Value = unknown, Req extends Requirements = Requirements> {
  readonly key: AssetKey
  readonly group: string
  readonly description: string | undefined
  readonly inputs: Inputs
  readonly deps: readonly AssetKey[]
  readonly resources: Requirements
  readonly config: StandardSchemaV1<unknown, unknown> | undefined
  readonly kinds: readonly string[]
  readonly metadata: Metadata
  readonly run: AssetFunction
  /** Where it was declared, when that can be told. */
  readonly source: () => SourcePlace | undefined
  readonly [valueType]?: Value
  readonly [requirementsType]?: Req
}

/** An asset's function as hosts call it: its types were checked where the asset was declared. */
export type AssetFunction = (context: AssetContext<Inputs, Requirements, unknown>) => unknown

/**
 * Declares an asset: a key, what it is made from, and the function that makes it. Dagster's `@asset`.
 * @throws DAGMA_KEY_INVALID when the key or the group has other characters than those allowed.
 */
export function asset<In extends Inputs = {}, Req extends Requirements = {}, Config = undefined, Out = unknown>(
  options: AssetOptions<In, Req, Config, Out>,
): Asset<Returned<Out>, Req> {
  return {
    key: assetKey(options.key),
    group: checkedName('A group', options.group ?? 'default'),
    description: options.description,
    inputs: options.inputs ?? {},
    deps: (options.deps ?? []).map((dep) => (isAsset(dep) ? dep.key : assetKey(dep))),
    resources: options.resources ?? {},
    config: options.config,
    kinds: options.kinds ?? [],
    metadata: options.metadata ?? {},
    run: options.run as AssetFunction,
    source: callSite(asset),
  }
}

function isAsset(dep: Asset | AssetKeyInput): dep is Asset {
  return typeof dep === 'object' && !Array.isArray(dep)
}

/** Keys of all direct upstream assets: those whose value is loaded first, then those that only order; each once. */
export function upstreamKeys(of: Asset): AssetKey[] {
  const keys = [...Object.values(of.inputs).map((input) => input.key), ...of.deps]
  return [...new Map(keys.map((key) => [key.join('/'), key])).values()]
}
