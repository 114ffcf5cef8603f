import { mlflowFromEnv, mlflowTraces } from '@dagma/mlflow'
import { openTelemetry } from '@dagma/opentelemetry'
import { definitions } from 'dagma'
import { rawNumbers, sumNumbers } from './defs/data/assets.ts'
import { answerQuestion, embedTextsStub, langflowRunFlow, qdrantSearch, qdrantUpsert } from './defs/llm/assets.ts'
import { answerQuality, retrievalQuality } from './defs/llm/evaluations.ts'
import { trainModelStub } from './defs/models/assets.ts'
import { runLangflowDaily, runLangflowJob, runLlmRagJob, runModelsTrainJob } from './jobs.ts'
import { resources } from './resources.ts'

export default definitions({
  assets: [rawNumbers, sumNumbers, trainModelStub, embedTextsStub, qdrantUpsert, qdrantSearch, answerQuestion, langflowRunFlow],
  checks: [retrievalQuality, answerQuality],
  jobs: [runLlmRagJob, runModelsTrainJob, runLangflowJob],
  schedules: [runLangflowDaily],
  resources,
  instrument: openTelemetry({ destinations: [mlflowTraces(mlflowFromEnv)] }),
})
