import { eachAtMost } from '../author/each-at-most.ts'
import type { AssetCheckContext } from '../definitions/assets/asset-check.ts'
import { keyText } from '../definitions/assets/asset-key.ts'
import type { CheckResult } from '../definitions/assets/results.ts'
import type { Inputs, KeptValues, Requirements } from '../definitions/assets/step.ts'
import { acceptTag } from './accept-tag.ts'
import { compareScores } from './compare.ts'
import type { EvaluationExample, EvaluationOptions } from './evaluation-options.ts'
import { exampleDigest, exampleProblem } from './examples.ts'
import { logToMlflow } from './mlflow-run.ts'
import { evaluationResult } from './result.ts'
import { type AcceptedEvaluation, acceptedEvaluation, type ExampleScores, meanScore } from './scores.ts'

type Options<Value, In extends Inputs, Req extends Requirements, Config, Example extends EvaluationExample, Output> = EvaluationOptions<
  Value,
  In,
  Req,
  Config,
  Example,
  Output,
  string
>
type Context<Value, In, Req, Config> = AssetCheckContext<Value, In, Req, Config> & { readonly kept: KeptValues }

/** Evaluates, compares with what was accepted, and accepts when that is due. */
export async function evaluate<Value, In extends Inputs, Req extends Requirements, Config, Example extends EvaluationExample, Output>(
  options: Options<Value, In, Req, Config, Example, Output>,
  context: Context<Value, In, Req, Config>,
): Promise<CheckResult> {
  const { name, scorers, threshold, maxDrop = 0.01, confidence = 0.95 } = options
  const { kept, runId, runTags } = context
  const isAccepting = runTags[acceptTag] === 'true'
  const accepted = acceptedEvaluation(await kept.load(name), isAccepting)
  const examples = await scoredExamples(options, context)
  const { isAccepted, result } = evaluationResult({
    asset: keyText(context.assetKey),
    examples,
    scorers: Object.keys(scorers).map((scorer) => ({ scorer, threshold: typeof threshold === 'number' ? threshold : threshold?.[scorer] })),
    maxDrop,
    confidence,
    isAccepting,
    accepted,
    changes: compareScores(accepted?.examples ?? [], examples, { maxDrop, confidence }),
  })
  const logged = await logToMlflow(context.resources, {
    name,
    assetKey: context.assetKey,
    signal: context.signal,
    params: { max_drop: maxDrop, confidence, examples_count: examples.length, passed: result.passed },
    metrics: Object.fromEntries(Object.keys(scorers).map((scorer) => [scorer, meanScore(examples, scorer) ?? 0])),
    examples,
    accepted,
  })
  if (isAccepted) await kept.store(name, { version: 1, runId, time: Date.now(), examples } satisfies AcceptedEvaluation)
  return { ...result, metadata: { ...result.metadata, ...logged } }
}

/** The scores of all examples, in the order of the dataset. The first failure stops the others. */
async function scoredExamples<Value, In extends Inputs, Req extends Requirements, Config, Example extends EvaluationExample, Output>(
  { dataset, run, scorers, concurrency = 4 }: Options<Value, In, Req, Config, Example, Output>,
  given: Context<Value, In, Req, Config>,
): Promise<ExampleScores[]> {
  const context = withValueLoadedOnce(given)
  const examples = typeof dataset === 'function' ? await dataset(context) : dataset
  const problem = exampleProblem(examples)
  if (problem !== undefined) throw new RangeError(`The dataset ${problem}.`)
  const scored: ExampleScores[] = []
  await eachAtMost(concurrency, examples.entries(), async ([index, example], failed) => {
    const signal = AbortSignal.any([context.signal, failed])
    signal.throwIfAborted()
    const output = await run({ ...context, signal, example })
    const scores: Record<string, number> = {}
    for (const [name, scorer] of Object.entries(scorers)) {
      const score = await scorer({ example, output, resources: context.resources, signal })
      if (!(score >= 0 && score <= 1))
        throw new RangeError(`The scorer "${name}" gave ${score} for the example "${example.id}": a score is a number from 0 to 1.`)
      scores[name] = score
    }
    scored[index] = { id: example.id, digest: exampleDigest(example), scores }
  })
  return scored
}

/** The value of the asset is loaded when it is first asked for, and then once for all examples. */
function withValueLoadedOnce<Value, In, Req, Config>(context: Context<Value, In, Req, Config>): Context<Value, In, Req, Config> {
  let value: Promise<Value> | undefined
  return {
    ...context,
    load: () => {
      value ??= context.load()
      return value
    },
  }
}
