import type { SourcePlace } from '../validation/call-site.ts'
import { checkedName } from './asset-key.ts'
import type { AssetRef, AssetSpec } from './asset-spec.ts'
import { depWithMapping } from './asset-spec.ts'
import type { TypedIOManager } from './io-manager.ts'
import type { CheckSpec, Inputs, Requirements, Step, StepFunction, StepKind, StepOptions } from './step.ts'

/** A step from what a user declared of it. The one place where a user's function loses its exact types. */
export function makeStep<In extends Inputs, Req extends Requirements, Config>(
  kind: StepKind,
  name: string,
  parts: {
    assets?: readonly AssetSpec[]
    checks?: readonly CheckSpec[]
    partNames?: readonly string[]
    canSubset?: boolean
    ioManager?: string | TypedIOManager<never> | undefined
  },
  options: StepOptions<In, Req, Config>,
  run: (context: never) => unknown,
  source: () => SourcePlace | undefined,
): Step {
  return {
    kind,
    name: checkedName('A step', name),
    assets: parts.assets ?? [],
    checks: parts.checks ?? [],
    partNames: parts.partNames,
    canSubset: parts.canSubset ?? false,
    inputs: Object.fromEntries(Object.entries<AssetRef>(options.inputs ?? {}).map(([input, ref]) => [input, depWithMapping(ref)])),
    resources: options.resources ?? {},
    config: options.config,
    retryPolicy: options.retryPolicy,
    timeoutSeconds: options.timeoutSeconds,
    pool: options.pool,
    ioManager: typeof parts.ioManager === 'object' ? parts.ioManager.key : parts.ioManager,
    valuesAsIs: typeof parts.ioManager === 'object',
    run: run as StepFunction,
    source,
  }
}
