import { type ResourceContext, type ResourceType, resource, type Secret, secret } from 'dagma'
import { checkedHttpUrl } from 'dagma/author'
import { checkedLimits, type Limits } from './batches.ts'
import type { Embeddings, EmbeddingsResult } from './client.ts'
import { hashedVector, localModel } from './local.ts'
import { probeEmbeddings } from './probe.ts'
import { embeddingsService, embedThrough } from './rest.ts'

/** Settings of {@link embeddings}. An empty text is as if it were not set. */
export interface EmbeddingsSettings extends Partial<Limits> {
  /** Root of the API, usually with `/v1` at its end: http or https, without user info. Not set: the local form. */
  readonly baseUrl?: string
  /** Name of the model. Needed with `baseUrl`. */
  readonly model?: string
  /** Sent as a bearer token, and nowhere else. */
  readonly apiKey?: Secret
  /** How many numbers a vector must have. Sent along, for models that can do several. Default: what the model gives; 512 with the local form. */
  readonly dimensions?: number
  /** How long one request may take, in milliseconds. Default 60,000; at most 300,000. */
  readonly timeoutMs?: number
  /** How often a failed request is tried again. Default 2. */
  readonly retries?: number
}

/**
 * Embeddings. Real when `baseUrl` is set, otherwise a local form that hashes words, needs no model and opens no socket.
 * `resources: { embeddings: embeddings(embeddingsFromEnv) }` reads the environment when a run opens it.
 */
export const embeddings: ResourceType<EmbeddingsSettings, Embeddings> = resource({ open: openEmbeddings, probe: probeEmbeddings })

function openEmbeddings(settings: EmbeddingsSettings, { signal }: ResourceContext): Embeddings {
  const limits = checkedLimits(settings)
  const { baseUrl, model, dimensions } = settings
  if (dimensions !== undefined && !(Number.isInteger(dimensions) && dimensions > 0))
    throw new RangeError('Embeddings: dimensions is no whole number from 1. Set EMBEDDINGS_DIMENSIONS to one, or leave it out.')
  if (!baseUrl) return client('local', localModel, async (texts) => local(texts, dimensions))
  checkedHttpUrl(baseUrl, 'EMBEDDINGS_BASE_URL')
  if (!model) throw new RangeError('Embeddings: no model is named. Set EMBEDDINGS_MODEL to the name of one that the endpoint has.')
  const service = embeddingsService(baseUrl, settings, signal)
  return client('openai', model, (texts, own) => embedThrough(service, { model, baseUrl, dimensions, ...limits }, texts, own))
}

function local(texts: readonly string[], dimensions = 512): EmbeddingsResult {
  const vectors = texts.map((text) => hashedVector(text, dimensions))
  return { vectors, model: localModel, dimensions: texts.length === 0 ? 0 : dimensions, usage: undefined }
}

function client(
  backend: Embeddings['backend'],
  model: string,
  embed: (texts: readonly string[], signal: AbortSignal | undefined) => Promise<EmbeddingsResult>,
): Embeddings {
  return {
    backend,
    model,
    embed: async (texts, { signal } = {}) => {
      signal?.throwIfAborted()
      const empty = texts.findIndex((text) => text.trim() === '')
      if (empty !== -1)
        throw new RangeError(`Embeddings: text ${empty + 1} of ${texts.length} is empty. Leave empty texts out: models refuse them.`)
      return embed(texts, signal)
    },
    metadata: ({ model: answered, usage }) => ({
      backend,
      operation: 'embed texts',
      model: answered,
      prompt_tokens: usage?.promptTokens,
      total_tokens: usage?.totalTokens,
    }),
  }
}

/** Declared when the module loads, so that redaction knows it from the start. */
const environmentKey = secret('EMBEDDINGS_API_KEY')

/** Settings from the environment, read when called: `EMBEDDINGS_BASE_URL`, `EMBEDDINGS_MODEL`, `EMBEDDINGS_API_KEY` and `EMBEDDINGS_DIMENSIONS`. */
export function embeddingsFromEnv(): EmbeddingsSettings {
  const { EMBEDDINGS_BASE_URL: baseUrl, EMBEDDINGS_MODEL: model, EMBEDDINGS_DIMENSIONS: dimensions } = process.env
  return {
    ...(baseUrl && { baseUrl }),
    ...(model && { model }),
    ...(dimensions && { dimensions: Number(dimensions) }),
    apiKey: environmentKey,
  }
}
