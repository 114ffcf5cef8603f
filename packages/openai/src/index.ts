export type { Embedded, Embeddings, EmbeddingsUsage, EmbedOptions } from './client.ts'
export { embeddings, localModel } from './resource.ts'
export { type EmbeddingsSettings, EmbeddingsSettingsError, embeddingsFromEnv } from './settings.ts'
