import { job, schedule } from 'dagma'
import { embedTextsStub, langflowRunFlow, qdrantSearch, qdrantUpsert } from './defs/llm/assets.ts'
import { trainModelStub } from './defs/models/assets.ts'

export const runLlmRagJob = job({
  name: 'run_llm_rag_job',
  description: 'Embeds the documentation, stores it, and answers a question from it.',
  selection: [embedTextsStub, qdrantUpsert, qdrantSearch],
})

export const runModelsTrainJob = job({ name: 'run_models_train_job', description: 'Trains the model.', selection: [trainModelStub] })

export const runLangflowJob = job({ name: 'run_langflow_job', description: 'Runs the LangFlow flow.', selection: [langflowRunFlow] })

export const runLangflowDaily = schedule({
  name: 'run_langflow_daily',
  job: runLangflowJob,
  cronSchedule: process.env.DAGMA_LANGFLOW_CRON || '0 2 * * *',
  executionTimezone: process.env.DAGMA_SCHEDULE_TIMEZONE || 'UTC',
})
