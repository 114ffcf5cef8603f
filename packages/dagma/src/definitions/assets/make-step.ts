import type { SourcePlace } from '../options/call-site.ts'
import { checkedName } from './asset-key.ts'
import type { AssetRef, AssetSpec } from './asset-spec.ts'
import { depWithMapping } from './asset-spec.ts'
import type { BackfillOptions } from './backfill.ts'
import type { TypedIOManager } from './io-manager.ts'
import type { CheckSpec, Inputs, Requirements, Step, StepFunction, StepKind, StepOptions } from './step.ts'

/** The declaration of a step. */
interface DeclaredStep<In extends Inputs, Req extends Requirements, Config> {
  readonly kind: StepKind
  readonly name: string
  /** Default: none. */
  readonly assets?: readonly AssetSpec[]
  /** Default: none. */
  readonly checks?: readonly CheckSpec[]
  /** Of a multi-asset only. */
  readonly partNames?: readonly string[]
  /** Default: false. */
  readonly canSubset?: boolean | undefined
  readonly ioManager?: string | TypedIOManager<never> | undefined
  /** Default: false. */
  readonly isEvaluation?: boolean
  /** The arguments of the user's declaration. */
  readonly options: StepOptions<In, Req, Config> & BackfillOptions & { readonly run: (context: never) => unknown }
  readonly source: () => SourcePlace | undefined
}

/** A step from what a user declared of it. The one place where a user's function loses its exact types. */
export function makeStep<In extends Inputs, Req extends Requirements, Config>(declared: DeclaredStep<In, Req, Config>): Step {
  const { kind, name, assets = [], checks = [], partNames, canSubset = false, ioManager, isEvaluation = false, options, source } = declared
  return {
    kind,
    name: checkedName('A step', name),
    assets,
    checks,
    partNames,
    canSubset,
    inputs: Object.fromEntries(Object.entries<AssetRef>(options.inputs ?? {}).map(([input, ref]) => [input, depWithMapping(ref)])),
    resources: options.resources ?? {},
    config: options.config,
    retryPolicy: options.retryPolicy,
    timeoutSeconds: options.timeoutSeconds,
    pool: options.pool,
    opTags: options.opTags ?? {},
    budget: options.budget,
    backfillPolicy: options.backfillPolicy,
    partitionConcurrency: options.partitionConcurrency,
    range: options.range ?? false,
    ioManager: typeof ioManager === 'object' ? ioManager.key : ioManager,
    valuesAsIs: typeof ioManager === 'object',
    isEvaluation,
    run: options.run as StepFunction,
    source,
  }
}
