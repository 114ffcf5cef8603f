export type { Embeddings, EmbeddingsResult, EmbeddingsUsage, EmbedOptions } from './client.ts'
export { type EmbeddingsSettings, embeddings, embeddingsFromEnv } from './resource.ts'
