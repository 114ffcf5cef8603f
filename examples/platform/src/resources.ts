import { languageModel, languageModelFromEnv } from '@dagma/ai'
import { langflow, langflowFromEnv } from '@dagma/langflow'
import { mlflow, mlflowFromEnv } from '@dagma/mlflow'
import { embeddings, embeddingsFromEnv } from '@dagma/openai'
import { qdrant, qdrantFromEnv } from '@dagma/qdrant'

export const resources = {
  mlflow: mlflow(mlflowFromEnv),
  embeddings: embeddings(embeddingsFromEnv),
  qdrant: qdrant(() => qdrantFromEnv(collection())),
  // An answer that was paid for is kept: the evaluation asks the same forty questions each time.
  languageModel: languageModel(() => ({ ...languageModelFromEnv(), cache: true })),
  langflow: langflow(langflowFromEnv),
}

/** Name of the collection: each model has its own, since vectors of different models cannot be compared and often differ in size. */
function collection(): string {
  const { baseUrl, model = '' } = embeddingsFromEnv()
  return baseUrl ? `dagma_docs_${model.replace(/\W+/g, '_')}` : 'dagma_docs'
}

/** Which variable turns each real system on, and an asset that it serves; the demo prints it. */
export const realSystems = [
  { system: 'MLflow', asset: 'train_model_stub', variables: 'MLFLOW_USE_TRACKING=true with MLFLOW_TRACKING_URI' },
  { system: 'Embeddings', asset: 'embed_texts_stub', variables: 'EMBEDDINGS_BASE_URL with EMBEDDINGS_MODEL' },
  { system: 'Qdrant', asset: 'qdrant_upsert', variables: 'QDRANT_URL or QDRANT_HOST' },
  { system: 'Language model', asset: 'answer_question', variables: 'LLM_BASE_URL with LLM_MODEL' },
  { system: 'LangFlow', asset: 'langflow_run_flow', variables: 'LANGFLOW_BASE_URL' },
] as const
