import { langflow, langflowFromEnv } from '@dagma/langflow'
import { mlflow, mlflowFromEnv } from '@dagma/mlflow'
import { type QdrantSettings, qdrant } from '@dagma/qdrant'
import { secret } from 'dagma'

const qdrantApiKey = secret('QDRANT_API_KEY')

/** Qdrant's settings are the resource's own: this project reads them from the environment. */
function qdrantFromEnv(): QdrantSettings {
  const { QDRANT_URL, QDRANT_HOST, QDRANT_PORT, QDRANT_USE_HTTPS, QDRANT_COLLECTION } = process.env
  return {
    ...(QDRANT_URL && { url: QDRANT_URL }),
    ...(QDRANT_HOST && { host: QDRANT_HOST }),
    ...(QDRANT_PORT && { port: Number(QDRANT_PORT) }),
    ...(QDRANT_USE_HTTPS && { https: QDRANT_USE_HTTPS === 'true' }),
    collection: QDRANT_COLLECTION || 'dagma_docs',
    apiKey: qdrantApiKey,
  }
}

export const resources = { mlflow: mlflow(mlflowFromEnv), qdrant: qdrant(qdrantFromEnv), langflow: langflow(langflowFromEnv) }

/** Which variable turns each real system on; the demo prints it. */
export const realSystems = [
  { system: 'MLflow', variables: 'MLFLOW_USE_TRACKING=true and MLFLOW_TRACKING_URI' },
  { system: 'Qdrant', variables: 'QDRANT_URL (or QDRANT_HOST)' },
  { system: 'LangFlow', variables: 'LANGFLOW_BASE_URL' },
] as const
