import { mlflowFromEnv, mlflowTraces } from '@dagma/mlflow'
import { openTelemetry } from '@dagma/opentelemetry'
import { definitions } from 'dagma'
import { rawNumbers, sumNumbers } from './defs/data/assets.ts'
import { embedTextsStub, langflowRunFlow, qdrantSearch, qdrantUpsert } from './defs/llm/assets.ts'
import { retrievalQuality } from './defs/llm/evaluations.ts'
import { trainModelStub } from './defs/models/assets.ts'
import { runLangflowDaily, runLangflowJob, runLlmRagJob, runModelsTrainJob } from './jobs.ts'
import { resources } from './resources.ts'

export default definitions({
  assets: [rawNumbers, sumNumbers, trainModelStub, embedTextsStub, qdrantUpsert, qdrantSearch, langflowRunFlow],
  checks: [retrievalQuality],
  jobs: [runLlmRagJob, runModelsTrainJob, runLangflowJob],
  schedules: [runLangflowDaily],
  resources,
  instrument: openTelemetry({ destinations: [mlflowTraces(mlflowFromEnv)] }),
})
