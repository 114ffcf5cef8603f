import { langflow, langflowFromEnv } from '@dagma/langflow'
import { mlflow, mlflowFromEnv } from '@dagma/mlflow'
import { embeddings, embeddingsFromEnv } from '@dagma/openai'
import { qdrant, qdrantFromEnv } from '@dagma/qdrant'

export const resources = {
  mlflow: mlflow(mlflowFromEnv),
  embeddings: embeddings(embeddingsFromEnv),
  qdrant: qdrant(() => qdrantFromEnv('dagma_docs')),
  langflow: langflow(langflowFromEnv),
}

/** Which variable turns each real system on, and an asset that it serves; the demo prints it. */
export const realSystems = [
  { system: 'MLflow', asset: 'train_model_stub', variables: 'MLFLOW_USE_TRACKING=true with MLFLOW_TRACKING_URI' },
  { system: 'Embeddings', asset: 'embed_texts_stub', variables: 'EMBEDDINGS_BASE_URL with EMBEDDINGS_MODEL' },
  { system: 'Qdrant', asset: 'qdrant_upsert', variables: 'QDRANT_URL or QDRANT_HOST' },
  { system: 'LangFlow', asset: 'langflow_run_flow', variables: 'LANGFLOW_BASE_URL' },
] as const
