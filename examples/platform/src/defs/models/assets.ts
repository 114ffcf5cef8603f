import { mlflow } from '@dagma/mlflow'
import { asset, materializeResult } from 'dagma'

const epochs = 20
const learningRate = 0.05

export const trainModelStub = asset({
  key: 'train_model_stub',
  group: 'models',
  description: 'Fits a line to a few points by gradient descent, and tracks it as an MLflow run.',
  kinds: ['mlflow'],
  resources: { mlflow },
  run: async ({ resources: { mlflow }, assetKey, log, signal }) => {
    const model = fitLine([1, 2, 3, 4], [3, 5, 7, 9])
    const { run } = await mlflow.withRun({ name: 'train_model_stub', assetKey, signal }, async (run) => {
      await run.logParams({ learning_rate: learningRate, epochs })
      await run.logMetrics({ loss: model.losses.map((value, step) => ({ value, step })), slope: model.slope, intercept: model.intercept })
      await run.logArtifact('model.json', JSON.stringify({ slope: model.slope, intercept: model.intercept }))
    })
    log.info(`Trained in ${epochs} epochs; loss ${model.losses.at(-1)?.toFixed(4)}`)
    // The run is closed: now its links can be made.
    return materializeResult(
      { run_id: run.runId, experiment_id: run.experimentId, slope: model.slope, intercept: model.intercept },
      {
        metadata: {
          params_count: run.counts.params,
          metrics_count: run.counts.metrics,
          artifact_uploaded: run.counts.artifacts > 0,
          ...mlflow.metadata(run),
        },
      },
    )
  },
})

function fitLine(xs: readonly number[], ys: readonly number[]): { slope: number; intercept: number; losses: number[] } {
  let slope = 0
  let intercept = 0
  const losses: number[] = []
  for (let epoch = 0; epoch < epochs; epoch++) {
    const errors = xs.map((x, index) => slope * x + intercept - (ys[index] ?? 0))
    losses.push(mean(errors.map((error) => error * error)))
    slope -= learningRate * mean(errors.map((error, index) => error * (xs[index] ?? 0)))
    intercept -= learningRate * mean(errors)
  }
  return { slope, intercept, losses }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
