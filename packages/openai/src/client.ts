import type { Metadata } from 'dagma'

/** Options of {@link Embeddings.embed}, besides the texts. */
export interface EmbedOptions {
  /**
   * The purpose of the vectors. A model returns the same for both; the local embedder weighs the words of documents by how rare they are among the
   * texts of the call, and those of a query all alike. Default `documents`.
   */
  readonly purpose?: 'documents' | 'query'
  /** Aborts the calls. Hand over the step's own `signal`. */
  readonly signal?: AbortSignal
}

/** How much the endpoint counted, in tokens of its model. */
export interface EmbeddingsUsage {
  readonly promptTokens: number
  readonly totalTokens: number
}

/** Texts as vectors. */
export interface Embedded {
  /** In the order of the texts. */
  readonly vectors: readonly (readonly number[])[]
  /** The model that made them: vectors of different models cannot be compared. */
  readonly model: string
  /** Numbers in each vector; 0 when there were no texts. */
  readonly dimensions: number
  /** Undefined when the endpoint did not say, and with the local embedder, which has no model. */
  readonly usage: EmbeddingsUsage | undefined
}

/** An embedder: a model behind an endpoint, or the local one, by the same interface. */
export interface Embeddings {
  /** The backend in use: `openai` for any endpoint that implements OpenAI's API, or `local`. */
  readonly backend: 'openai' | 'local'
  /** Name of the model; `local-hashing` for the local embedder. */
  readonly model: string
  /** How its vectors are compared: by their angle, or, with the local embedder, by their inner product. */
  readonly distance: 'Cosine' | 'Dot'
  /**
   * Embeds texts, in as many calls as the settings ask for, some concurrently. An empty list makes no call.
   * @throws RangeError before anything is sent when a text is empty; ServiceError when a call fails, or its answer has not a vector of the same size
   * for each text.
   */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Embedded>
  /** Metadata for an asset about embedded texts: `backend`, `operation`, `model` and counts. No text, and no vector. */
  metadata(embedded: Embedded): Metadata
}
