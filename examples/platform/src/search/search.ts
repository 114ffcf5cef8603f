import type { Embeddings } from '@dagma/openai'
import type { Qdrant } from '@dagma/qdrant'

/** A passage that a question found. */
export interface Hit {
  readonly score: number
  /** Its id, such as `docs/guide/assets.md#2`. */
  readonly passage: string
  readonly document: string
  readonly heading: string
  readonly text: string
}

/** The dependencies of a search. */
interface Search {
  readonly embeddings: Embeddings
  readonly qdrant: Qdrant
  readonly limit: number
  readonly signal: AbortSignal
}

/** The passages that are nearest to a question, best first: of this model only, since a collection may hold those of others. */
export async function search(question: string, { embeddings, qdrant, limit, signal }: Search): Promise<Hit[]> {
  const { vectors, model } = await embeddings.embed([question], { purpose: 'query', signal })
  const filter = { must: { key: 'model', match: { value: model } } }
  const found = await qdrant.query({ vector: vectors[0] ?? [], limit, filter })
  return found.map(({ score, payload }) => ({
    score,
    passage: String(payload?.passage),
    document: String(payload?.document),
    heading: String(payload?.heading),
    text: String(payload?.text),
  }))
}
