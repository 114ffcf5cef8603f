import type { AssetCheck, AssetCheckContext } from '../definitions/assets/asset-check.ts'
import { assetKey, checkedName, stepName } from '../definitions/assets/asset-key.ts'
import { makeStep } from '../definitions/assets/make-step.ts'
import { type Inputs, type Requirements, type StepExtras, stepOptions } from '../definitions/assets/step.ts'
import { callSite } from '../definitions/options/call-site.ts'
import { expectOptions, type OptionTable } from '../definitions/options/expect-options.ts'
import { dagmaError } from '../errors.ts'
import { evaluate } from './evaluate.ts'
import type { EvaluationExample, EvaluationOptions } from './evaluation-options.ts'
import { exampleProblem } from './examples.ts'
import { ownFields } from './result.ts'

type AnyOptions = EvaluationOptions<unknown, Inputs, Requirements, unknown, EvaluationExample, unknown, string>

/** Those options, as `expectOptions` reads them. */
const evaluationOptions: OptionTable<keyof AnyOptions> = {
  asset: 'assetOrKey!',
  name: 'text!',
  description: 'text',
  blocking: 'boolean',
  ...stepOptions,
  dataset: 'any',
  run: 'function!',
  scorers: 'record!',
  threshold: 'any',
  maxDrop: 'number',
  confidence: 'number',
  concurrency: 'number',
}

/**
 * Declares an evaluation: a check of an asset that scores the outputs for the examples of a dataset and compares the scores with those of the last accepted
 * evaluation. It fails when a mean is below its threshold, or has dropped by more than `maxDrop` beyond noise: a paired bootstrap over the examples is sure of
 * it by `confidence`. The first evaluation that reaches its thresholds is accepted; from then on `dagma eval --accept`, or the run tag `dagma/accept`, accepts
 * another. Put it among the checks of `definitions()`. Dagster's `@asset_check`.
 * @throws DAGMA_OPTION_INVALID, DAGMA_OPTION_UNKNOWN, DAGMA_KEY_INVALID
 * @example
 * ```ts
 * const capitals = asset({ key: 'capitals', run: (): Record<string, string> => ({ France: 'Paris', Italy: 'Rome' }) })
 * const capitalsQuality = evaluation({
 *   asset: capitals,
 *   name: 'quality',
 *   dataset: [{ id: 'fr', country: 'France', expected: 'Paris' }],
 *   run: async ({ example, load }) => (await load())[example.country] ?? '',
 *   scorers: { exact: exactMatch() },
 *   threshold: 0.9,
 * })
 * ```
 */
export function evaluation<
  Example extends EvaluationExample,
  Output,
  const Name extends string,
  Value = unknown,
  In extends Inputs = {},
  Req extends Requirements = {},
  Config = undefined,
>(options: EvaluationOptions<Value, In, Req, Config, Example, Output, Name>): AssetCheck<Req> {
  expectOptions('evaluation()', options, evaluationOptions)
  const { asset: of, name, description, blocking = false } = options
  checkOptions(options)
  const asset = typeof of === 'string' || !('key' in of) ? assetKey(of) : of.key
  const run = (context: AssetCheckContext<Value, In, Req, Config> & Pick<StepExtras, 'kept'>) => evaluate(options, context)
  const checks = [{ asset, name: checkedName('A check', name), description, blocking }]
  const step = {
    kind: 'check',
    isEvaluation: true,
    name: `${stepName(asset)}_${name}`,
    checks,
    options: { ...options, run },
    source: callSite(evaluation),
  } as const
  return { type: 'asset_check', asset, name, step: makeStep(step) }
}

/** Checks what the table of options cannot express. @throws DAGMA_OPTION_INVALID */
function checkOptions(options: Unchecked): void {
  const { dataset, scorers, threshold = {}, maxDrop = 0, confidence = 0.95, concurrency = 1 } = options
  const names = Object.keys(scorers)
  const thresholds = typeof threshold === 'number' ? {} : threshold
  const notShare = Object.values(typeof threshold === 'number' ? [threshold] : threshold).some((one) => !isShare(one))
  const problems: { readonly [option: string]: string | undefined } = {
    scorers: scorersProblem(scorers),
    dataset: Array.isArray(dataset)
      ? exampleProblem(dataset)
      : typeof dataset === 'function'
        ? undefined
        : 'must be a list of examples or a function',
    threshold: notShare
      ? 'must be from 0 to 1, or an object with such a number for each of some scorers'
      : unknownThreshold(thresholds, names),
    maxDrop: isShare(maxDrop) ? undefined : 'must be a number from 0 to 1',
    confidence: confidence > 0.5 && confidence < 1 ? undefined : 'must be a number above 0.5 and below 1',
    concurrency: Number.isInteger(concurrency) && concurrency >= 1 ? undefined : 'must be an integer of at least 1',
  }
  for (const [option, reason] of Object.entries(problems))
    if (reason !== undefined) throw dagmaError('DAGMA_OPTION_INVALID', { option, of: 'evaluation()', reason })
}

/** Options as JavaScript may give them. */
interface Unchecked extends Pick<AnyOptions, 'maxDrop' | 'confidence' | 'concurrency'> {
  readonly dataset: unknown
  readonly scorers: { readonly [name: string]: unknown }
  readonly threshold?: number | { readonly [name: string]: unknown }
}

function scorersProblem(scorers: Unchecked['scorers']): string | undefined {
  const names = Object.keys(scorers)
  if (names.length === 0 || !Object.values(scorers).every((scorer) => typeof scorer === 'function'))
    return 'must have at least one function, by name'
  const wrong = names.find((name) => !/^[A-Za-z0-9_]+$/.test(name) || (ownFields as readonly string[]).includes(name))
  if (wrong === undefined) return undefined
  return `has "${wrong}": a name has letters, digits and "_", and is not ${ownFields.join(', ')}`
}

function unknownThreshold(thresholds: object, names: readonly string[]): string | undefined {
  const unknown = Object.keys(thresholds).find((name) => !names.includes(name))
  return unknown === undefined ? undefined : `has "${unknown}", which is not one of the scorers: ${names.join(', ')}`
}

function isShare(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1
}
