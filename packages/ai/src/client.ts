import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Metadata } from 'dagma'
import type { Json } from 'dagma/author'

/** A message of a conversation, as the AI SDK takes it (its `ModelMessage`): a text, or parts such as texts, images and results of tools. */
export interface ModelMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string | readonly { readonly type: string }[]
}

/** A function that the model may call, as the AI SDK takes it (its `Tool`). */
export interface ModelTool {
  /** A description of the tool, by which the model decides whether to call it. */
  readonly description?: string | ((options: never) => string) | undefined
  /** Its parameter: zod, another Standard Schema with JSON Schema, or `jsonSchema()` of the AI SDK. */
  readonly inputSchema: unknown
  /** Called with the input that the model generates for `inputSchema`. Its result or error is sent back to the model. */
  readonly execute?: ((input: never, options: never) => unknown) | undefined
}

/** Why an answer ended: by itself, at `maxOutputTokens`, by a filter of the provider, to call tools, or otherwise. */
export type FinishReason = 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'error' | 'interrupted' | 'other'

/** Options of {@link LanguageModelClient.generateText}. The names are those of the AI SDK. */
export interface GenerateOptions {
  /** The prompt: a text, or the messages of a conversation. */
  readonly prompt: string | readonly ModelMessage[]
  /** How it is to answer: the system prompt. Default: none. */
  readonly instructions?: string
  /** Functions that the model may call, such as `tool()` of the AI SDK makes. The local backend calls none. Default: none. */
  readonly tools?: { readonly [name: string]: ModelTool }
  /** Default `auto`: the model decides whether it calls a tool. */
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly type: 'tool'; readonly toolName: string }
  /** How often the model may be called, when it calls tools. Default 5. */
  readonly maxSteps?: number
  /** Longest answer, in tokens of the model. Default: the model's own limit. */
  readonly maxOutputTokens?: number
  /** From 0 for the likeliest answer. Default: the model's own. */
  readonly temperature?: number
  /** For answers that are the same each time, where the model can do that. Default: none. */
  readonly seed?: number
  /** Texts at which the answer ends. Default: none. */
  readonly stopSequences?: readonly string[]
  /** Options of the provider, by its name, as the AI SDK takes them. Default: none. */
  readonly providerOptions?: { readonly [provider: string]: { readonly [option: string]: Json } }
  /** Overrides `cache` of the settings. */
  readonly cache?: boolean
  /** Aborts the call. Pass the step's own `signal`. */
  readonly signal?: AbortSignal
}

/** Options of {@link LanguageModelClient.generateObject}. */
export interface GenerateObjectOptions<Schema extends StandardSchemaV1> extends GenerateOptions {
  /** The schema of the answer, in any Standard Schema library, such as zod. */
  readonly schema: Schema
  /** The schema as JSON Schema, which the model is given. Required when the library does not convert it itself; zod 4 does. */
  readonly jsonSchema?: { readonly [keyword: string]: unknown }
}

/** Tokens that the endpoint counted, of all calls together. */
export interface TokenUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly totalTokens: number
  /** Of the input tokens, those that the endpoint had in its own cache, which costs less. */
  readonly cachedInputTokens: number
}

/** A tool that the model called. */
export interface ToolCall {
  readonly name: string
  readonly input: unknown
  /** The return value of the tool's function. */
  readonly output?: unknown
  /** The error that the tool's function threw, which was sent to the model as its result. */
  readonly error?: unknown
}

/** An answer of the model. */
export interface Generation {
  readonly text: string
  /** The model that answered, as the endpoint names it. */
  readonly model: string
  /** Why the answer ended: `length` when it was cut off, `tool-calls` when `maxSteps` was reached. */
  readonly finishReason: FinishReason
  /** Undefined when the endpoint does not count, with the local backend, and when every answer came from the cache. */
  readonly usage: TokenUsage | undefined
  /**
   * The cost, in the currency of the project's `model-prices.json`; calls that the cache answered cost nothing. Estimated by the length of the texts where
   * the endpoint does not count. Undefined when the file has no price of the model, and with the local backend.
   */
  readonly cost: number | undefined
  /** From the first request to the end of the answer, in milliseconds: with waiting for limits, retries and tools. */
  readonly latencyMs: number
  /** Calls to the model; several with tools. */
  readonly calls: number
  /** Those of the calls that the cache answered. */
  readonly cachedCalls: number
  readonly toolCalls: readonly ToolCall[]
  /** The messages of the answer, to continue with the conversation. */
  readonly messages: readonly ModelMessage[]
}

/** An answer that fits a schema. */
export interface ObjectGeneration<T> extends Generation {
  /** The answer as parsed by the schema. */
  readonly object: T
}

/** An answer that is read while it is made. */
export interface TextStream {
  /** The parts of the text as they come. It must be read, and once: the model waits for the reader. Throws what `generateText` throws. */
  readonly textStream: AsyncIterable<string>
  /** The whole answer, when the stream was read to its end. */
  readonly result: Promise<Generation>
}

/** A language model: behind an endpoint, or the local backend, by the same interface. */
export interface LanguageModelClient {
  /** The backend used: `ai` for a provider of the AI SDK, or `local`. */
  readonly backend: 'ai' | 'local'
  /** Name of the model; `local-extractive` for the local backend. */
  readonly model: string
  /**
   * Answers a prompt.
   * @throws RangeError for an empty prompt, which some servers refuse and others answer; DAGMA_BUDGET_EXCEEDED or DAGMA_PRICE_MISSING when a budget of the
   * step, its job or the project does not allow the call; ServiceError when a call fails; the signal's reason when it was aborted.
   */
  generateText(options: GenerateOptions): Promise<Generation>
  /**
   * Answers a prompt with an object that fits a schema. An answer that does not fit is asked for again, with what is wrong with it.
   * @throws ServiceError also when the second answer does not fit; RangeError when the schema cannot be given to the model.
   */
  generateObject<Schema extends StandardSchemaV1>(
    options: GenerateObjectOptions<Schema>,
  ): Promise<ObjectGeneration<StandardSchemaV1.InferOutput<Schema>>>
  /** Answers a prompt as {@link generateText} does, part by part. */
  streamText(options: GenerateOptions): TextStream
  /** Metadata for an asset about one answer, or several together: `backend`, `operation`, `model`, tokens, latency and counts. No text. */
  metadata(generations: Generation | readonly Generation[]): Metadata
}
