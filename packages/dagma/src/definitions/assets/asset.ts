import { callSite } from '../validation/call-site.ts'
import { type AssetKey, type AssetKeyInput, checkedName, stepName } from './asset-key.ts'
import { type AssetRef, type AssetSpecOptions, assetSpec, type Dep } from './asset-spec.ts'
import { makeStep } from './make-step.ts'
import type { Returned } from './results.ts'
import type { CheckSpec, Inputs, Requirements, Step, StepContext, StepOptions } from './step.ts'

declare const requirementsType: unique symbol

/** What an asset's function is called with. */
export interface AssetContext<In = Inputs, Req = Requirements, Config = undefined> extends StepContext<In, Req, Config> {
  readonly assetKey: AssetKey
}

/** A check that an asset's own function evaluates, declared with the asset. */
export interface InlineCheck {
  readonly description?: string
  /** Whether what is downstream of the asset is skipped when it fails with severity ERROR; default false. */
  readonly blocking?: boolean
}

/** What {@link asset} takes. Four type parameters, since each is inferred from its own property: a single one cannot type `run`'s context. */
export interface AssetOptions<In extends Inputs, Req extends Requirements, Config, Out>
  extends AssetSpecOptions,
    StepOptions<In, Req, Config> {
  /** Unique in the project. Text with "/" between its parts, or a path. */
  readonly key: AssetKeyInput
  /** Assets that only come before this one. */
  readonly deps?: readonly Dep[]
  /** Checks that `run` evaluates itself, by name: their results go into `materializeResult(value, metadata, { checks })`. */
  readonly checks?: { readonly [name: string]: InlineCheck }
  /** Key of the IO manager that keeps the value; default: the project's. */
  readonly ioManager?: string
  /** Makes the value. Returns it bare, or with metadata by `materializeResult(value, metadata)`. */
  readonly run: (context: AssetContext<In, Req, Config>) => Out
}

/** What uses kinds of resource: a missing binding does not compile. */
export interface Requiring<Req extends Requirements = Requirements> {
  readonly [requirementsType]?: Req
}

/** A declared asset: pure data. Made by {@link asset}. `Value` is what it gives to its consumers, `Req` the kinds of resource it uses. */
export interface Asset<Value = unknown, Req extends Requirements = Requirements> extends AssetRef<Value>, Requiring<Req> {
  readonly type: 'asset'
  readonly step: Step
}

/**
 * Declares an asset: a key, what it is made from, and the function that makes it. Dagster's `@asset`.
 * @throws DAGMA_KEY_INVALID when the key or the group has other characters than those allowed.
 */
export function asset<In extends Inputs = {}, Req extends Requirements = {}, Config = undefined, Out = unknown>(
  options: AssetOptions<In, Req, Config, Out>,
): Asset<Returned<Out>, Req> {
  const spec = assetSpec(options.key, options, Object.values(options.inputs ?? {}), options.deps ?? [])
  const { key } = spec
  const checks = inlineChecks(key, options.checks)
  const step = makeStep(
    'materialize',
    stepName(key),
    { assets: [spec], checks, ioManager: options.ioManager },
    options,
    options.run,
    callSite(asset),
  )
  return { type: 'asset', key, step }
}

/** The checks that an asset's own step evaluates. */
export function inlineChecks(asset: AssetKey, checks: { readonly [name: string]: InlineCheck } = {}): CheckSpec[] {
  return Object.entries(checks).map(([name, { description, blocking = false }]) => ({
    asset,
    name: checkedName('A check', name),
    description,
    blocking,
  }))
}
