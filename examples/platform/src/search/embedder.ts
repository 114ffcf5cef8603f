import type { Embeddings, EmbeddingsResult } from '@dagma/openai'
import { embedQuestion, embedTexts, type HeadedText } from './hashing-embedder.ts'

/** Vectors, and what made them. */
type Embedded = Pick<EmbeddingsResult, 'vectors' | 'model' | 'usage'>

/** Embeds passages together, for the inner product: by the configured endpoint, otherwise by this project's own hashing. */
export async function embedPassages(embeddings: Embeddings, passages: readonly HeadedText[], signal: AbortSignal): Promise<Embedded> {
  if (embeddings.backend === 'local') return { vectors: embedTexts(passages), model: 'hashed-bm25', usage: undefined }
  const texts = passages.map(({ headings, text }) => [...headings, text].join('\n'))
  const { vectors, ...rest } = await embeddings.embed(texts, { signal })
  return { vectors: vectors.map(unit), ...rest }
}

/** Embeds a question as the passages were. */
export async function embedAsked(embeddings: Embeddings, question: string, signal: AbortSignal): Promise<readonly number[]> {
  if (embeddings.backend === 'local') return embedQuestion(question)
  return unit((await embeddings.embed([question], { signal })).vectors[0] ?? [])
}

/** Scaled to length 1: then the inner product is the cosine. */
function unit(vector: readonly number[]): number[] {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1
  return vector.map((value) => value / length)
}
