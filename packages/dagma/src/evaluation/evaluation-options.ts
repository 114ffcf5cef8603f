import type { AssetCheckContext } from '../definitions/assets/asset-check.ts'
import type { AssetKeyInput } from '../definitions/assets/asset-key.ts'
import type { AssetRef } from '../definitions/assets/asset-spec.ts'
import type { Clients, Inputs, Requirements, StepOptions } from '../definitions/assets/step.ts'
import type { Scorer } from './scorer.ts'

/** An example of a dataset: its `id`, and whatever `run` and the scorers read. */
export interface EvaluationExample {
  /** Unique in the dataset, and the same in every evaluation. It is shown in metadata: no text of the example. */
  readonly id: string
}

/** The context of the `run` of {@link evaluation}: that of a check, and the example. */
export type EvaluationContext<Value, Example, In = Inputs, Req = Requirements, Config = undefined> = AssetCheckContext<
  Value,
  In,
  Req,
  Config
> & {
  readonly example: Example
}

/** Options of {@link evaluation}. Write `run` before `scorers`: they are typed by what it returns. */
export interface EvaluationOptions<
  Value,
  In extends Inputs,
  Req extends Requirements,
  Config,
  Example extends EvaluationExample,
  Output,
  Name extends string,
> extends StepOptions<In, Req, Config> {
  /** The evaluated asset, or its key. */
  readonly asset: AssetRef<Value> | AssetKeyInput
  /** Unique among the asset's checks. */
  readonly name: string
  readonly description?: string
  /** Whether what is downstream of the asset waits for it, and is skipped when it fails; default false. */
  readonly blocking?: boolean
  /** The examples, or a function that gives them: from a file, or an input. */
  readonly dataset:
    | readonly Example[]
    | ((context: AssetCheckContext<Value, In, Req, Config>) => readonly Example[] | Promise<readonly Example[]>)
  /** The evaluated function: returns the output for one example. */
  readonly run: (context: EvaluationContext<Value, Example, In, Req, Config>) => Output | Promise<Output>
  /** How outputs are scored, by the names under which scores are shown. */
  readonly scorers: { readonly [Scored in Name]: Scorer<Example, Output, Clients<Req>> }
  /** The least mean, of all scorers or by name, from 0 to 1: below it the evaluation fails, whatever was accepted. Default: none. */
  readonly threshold?: number | { readonly [Scored in NoInfer<Name>]?: number }
  /** How far a mean may drop below the accepted one, from 0 to 1. Default 0.01. */
  readonly maxDrop?: number
  /** How sure it must be that a mean has dropped by more than that, above 0.5 and below 1. Default 0.95. */
  readonly confidence?: number
  /** Maximum number of concurrent examples; default 4. */
  readonly concurrency?: number
}
