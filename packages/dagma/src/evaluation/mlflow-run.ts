import type { AssetKey } from '../definitions/assets/asset-key.ts'
import type { Metadata } from '../metadata/metadata-value.ts'
import type { AcceptedEvaluation, ExampleScores } from './scores.ts'

/** The part of an MLflow run that an evaluation uses; `MlflowRun` of `@dagma/mlflow` implements it. */
interface TrackedRun {
  logParams(params: Readonly<Record<string, string | number | boolean>>): Promise<void>
  logMetrics(metrics: Readonly<Record<string, number>>): Promise<void>
  logArtifact(path: string, content: string): Promise<void>
  setTags(tags: Readonly<Record<string, string>>): Promise<void>
}

/** The part of an MLflow client that an evaluation uses; that of `@dagma/mlflow` implements it. */
interface Tracking<Run extends TrackedRun = TrackedRun> {
  withRun(
    options: { readonly name: string; readonly assetKey: AssetKey; readonly signal: AbortSignal },
    work: (run: Run) => Promise<void>,
  ): Promise<{ readonly run: Run }>
  metadata(run: Run): Metadata
}

/** The evaluation as MLflow gets it. */
export interface LoggedEvaluation {
  readonly name: string
  readonly assetKey: AssetKey
  readonly signal: AbortSignal
  readonly params: Readonly<Record<string, string | number | boolean>>
  readonly metrics: Readonly<Record<string, number>>
  readonly examples: readonly ExampleScores[]
  readonly accepted: AcceptedEvaluation | undefined
}

const table = 'evaluation_results.json'

/**
 * Logs the evaluation as a run of MLflow, when one of the resources is `mlflow`: the means as metrics, and the scores of each example as a table, which
 * MLflow's UI shows by the tag. Returns what the run says of itself, such as its URL.
 */
export async function logToMlflow({ mlflow }: { readonly mlflow?: unknown }, evaluation: LoggedEvaluation): Promise<Metadata> {
  if (!isTracking(mlflow)) return {}
  const { name, assetKey, signal, params, metrics } = evaluation
  const { run } = await mlflow.withRun({ name: `${assetKey.join('/')}:${name}`, assetKey, signal }, async (run) => {
    await run.logParams(params)
    await run.logMetrics(metrics)
    await run.logArtifact(table, JSON.stringify(resultsTable(evaluation)))
    await run.setTags({ 'mlflow.loggedArtifacts': JSON.stringify([{ path: table, type: 'table' }]) })
  })
  return mlflow.metadata(run)
}

function isTracking(mlflow: unknown): mlflow is Tracking {
  return typeof mlflow === 'object' && mlflow !== null && 'withRun' in mlflow && 'metadata' in mlflow
}

/** A row for each example, in the form of MLflow's `log_table`. There are no texts in it. */
function resultsTable({ examples, accepted }: LoggedEvaluation): { columns: readonly string[]; data: readonly (readonly unknown[])[] } {
  const scorers = Object.keys(examples[0]?.scores ?? {})
  const before = new Map(accepted?.examples.map((example) => [example.id, example]))
  const rows = examples.map(({ id, digest, scores }) => {
    const old = before.get(id)
    const isSame = old?.digest === digest
    return [id, ...scorers.flatMap((scorer) => [scores[scorer], isSame ? (old.scores[scorer] ?? null) : null])]
  })
  return { columns: ['id', ...scorers.flatMap((scorer) => [scorer, `accepted_${scorer}`])], data: rows }
}
