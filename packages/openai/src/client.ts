import type { Metadata } from 'dagma'

/** Tokens that the endpoint counted. */
export interface EmbeddingsUsage {
  readonly promptTokens: number
  readonly totalTokens: number
}

/** Vectors for texts. */
export interface EmbeddingsResult {
  /** One vector for each text, in the order of the texts, all of one size. */
  readonly vectors: readonly (readonly number[])[]
  /** The model that made them, as the endpoint names it. */
  readonly model: string
  /** How many numbers a vector has; 0 when there were no texts. */
  readonly dimensions: number
  /** Undefined with the local form, and where the endpoint does not count. */
  readonly usage: EmbeddingsUsage | undefined
}

/** How texts are embedded. */
export interface EmbedOptions {
  /** Aborts the calls. Hand over the step's own `signal`. */
  readonly signal?: AbortSignal
}

/** Embeddings: an OpenAI-compatible endpoint or the local form, by the same interface. */
export interface Embeddings {
  /** Which form serves: `openai` or `local`. */
  readonly backend: 'openai' | 'local'
  /** The model that is asked for. */
  readonly model: string
  /**
   * Makes a vector for each text; documents and questions alike. Many texts go in several requests, some at once; an empty list asks nobody.
   * @throws RangeError before anything is sent for an empty text; ServiceError for every failed call, and for an answer that does not fit.
   */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<EmbeddingsResult>
  /** What an asset shows of what it embedded: `backend`, `operation` (`embed texts`), `model`, and `prompt_tokens` and `total_tokens` where they were counted. */
  metadata(result: Pick<EmbeddingsResult, 'model' | 'usage'>): Metadata
}
