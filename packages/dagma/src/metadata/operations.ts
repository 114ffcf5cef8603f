import type { Json } from './metadata-value.ts'

/** The kind of an operation with a model. */
export type OperationKind = 'embedding' | 'retrieval' | 'generation' | 'tool'

/** Numbers, texts and flags that describe an operation: counts, sizes, ids and names. No text of a user, a document or a model. */
export type OperationFacts = { readonly [name: string]: string | number | boolean | undefined }

/** A piece of work with a model that begins, as {@link traceOperation} takes it. */
export interface Operation {
  readonly kind: OperationKind
  /** The name of the operation, in two or three constant words: `embed texts`. */
  readonly name: string
  /** Who does it: `openai`, `qdrant`, `local`. */
  readonly system: string
  /** The model that is asked for. */
  readonly model?: string | undefined
  readonly facts?: OperationFacts
  /** The input: texts, prompts, messages. Only called if the content of traces is turned on. */
  readonly input?: () => Json
}

/** Tokens, as the model's server counted them. */
export interface TokenUsage {
  readonly inputTokens?: number | undefined
  readonly outputTokens?: number | undefined
}

/** A document that a retrieval found. */
export interface FoundDocument {
  readonly id: string
  readonly score: number
}

/** The result of an operation. */
export interface OperationResult {
  readonly usage?: TokenUsage | undefined
  /** Of a retrieval, best first. */
  readonly documents?: readonly FoundDocument[]
  /** The model that answered, where that differs from the one that was asked for. */
  readonly model?: string | undefined
  readonly facts?: OperationFacts
  /** The output: the texts of documents in their order, an answer. Only called if the content of traces is turned on. */
  readonly output?: () => Json
}

/** An operation as an instrument sees it. It has passed the exit gate. */
export interface ObservedOperation {
  readonly kind: OperationKind
  readonly name: string
  readonly system: string
  readonly model: string | undefined
  readonly facts: OperationFacts
}

/** How an operation ended. It has passed the exit gate. */
export interface OperationEnd {
  readonly status: 'success' | 'failure'
  /** The error, in one line; undefined if there was none. */
  readonly error: string | undefined
  readonly usage: TokenUsage | undefined
  readonly documents: readonly FoundDocument[] | undefined
  readonly model: string | undefined
  readonly facts: OperationFacts
  /** The input and output, truncated and without personal fields; undefined if the content of traces is off. */
  readonly content: { readonly input: Json | undefined; readonly output: Json | undefined } | undefined
}

/** How much of texts an instrument takes. */
export interface TracedContent {
  /** `summary`: the first 200 characters of a text, ten items of a list; `full`: 8,000 characters, 100 items. */
  readonly level: 'summary' | 'full'
  /** Names of fields that are left out wherever they stand: `email`. */
  readonly personalFields: readonly string[]
}
