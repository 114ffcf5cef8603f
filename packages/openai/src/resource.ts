import { type ResourceContext, type ResourceType, resource } from 'dagma'
import { modelPrices, type Operation, type OperationResult, sendsKeyInPlaintext, traceOperation } from 'dagma/author'
import type { Embedded, Embeddings, EmbeddingsUsage, EmbedOptions } from './client.ts'
import { caller, embedAll } from './endpoint.ts'
import { defaultDimensions, embedDocuments, embedQuery } from './local/hashing-embedder.ts'
import { probeEmbeddings } from './probe.ts'
import { type EmbeddingsSettings, type Endpoint, endpointOf } from './settings.ts'

/**
 * Embeddings, as a resource: a model behind the OpenAI-compatible endpoint that the settings name, or the local embedder when they name none, which
 * opens no socket. `resources: { embeddings: embeddings(embeddingsFromEnv) }` reads the environment when a run opens it.
 * @throws EmbeddingsSettingsError, DAGMA_URL_INVALID, DAGMA_SECRET_SHORT or DAGMA_PRICES_INVALID when it opens with settings that cannot be used.
 * @example
 * ```ts
 * export default definitions({ resources: { embeddings: embeddings({ baseUrl: 'https://api.openai.com/v1', model: 'text-embedding-3-small' }) } })
 * ```
 */
export const embeddings: ResourceType<EmbeddingsSettings, Embeddings> = resource({ open: openEmbeddings, probe: probeEmbeddings })

/** Name of the local embedder, in place of a model. */
export const localModel = 'local-hashing'

function openEmbeddings(settings: EmbeddingsSettings, context: ResourceContext): Embeddings {
  const endpoint = endpointOf(settings)
  return endpoint === undefined ? openLocal(settings, context) : openEndpoint(settings, endpoint, context)
}

function openEndpoint(settings: EmbeddingsSettings, endpoint: Endpoint, { signal, log, projectFolder }: ResourceContext): Embeddings {
  const { apiKey } = settings
  const from = caller(settings, endpoint, signal, modelPrices(projectFolder)?.of(endpoint.model))
  if (apiKey?.isSet && sendsKeyInPlaintext(endpoint.baseUrl))
    log.warning(`Embeddings: the key is sent unencrypted to ${new URL(endpoint.baseUrl).host}; use https.`)
  // Vectors of two sizes can never be compared: the first answer says which one is right.
  let { dimensions } = settings
  const embed: Embedder = async (texts, { signal: own }) => {
    const answer = await embedAll(texts, from, dimensions, own)
    dimensions ??= answer.vectors[0]?.length
    return answer
  }
  return client({ backend: 'openai', model: endpoint.model, distance: 'Cosine' }, embed)
}

function openLocal({ dimensions = defaultDimensions }: EmbeddingsSettings, { signal }: ResourceContext): Embeddings {
  const embed: Embedder = async (texts, { purpose, signal: own }) => {
    signal.throwIfAborted()
    own?.throwIfAborted()
    const vectors = purpose === 'query' ? texts.map((text) => embedQuery(text, dimensions)) : embedDocuments(texts, dimensions)
    return { vectors, usage: undefined }
  }
  return client({ backend: 'local', model: localModel, distance: 'Dot' }, embed)
}

type Embedder = (
  texts: readonly string[],
  options: EmbedOptions,
) => Promise<{ readonly vectors: Embedded['vectors']; readonly usage: EmbeddingsUsage | undefined }>

function operation(
  { backend: system, model }: Pick<Embeddings, 'backend' | 'model'>,
  texts: readonly string[],
  options: EmbedOptions,
): Operation {
  const facts = { texts_count: texts.length, purpose: options.purpose ?? 'documents' }
  return { kind: 'embedding', name: 'embed texts', system, model, facts, input: () => texts }
}

function outcome({ vectors, usage }: Awaited<ReturnType<Embedder>>): OperationResult {
  return { usage: { inputTokens: usage?.promptTokens }, facts: { dimensions: vectors[0]?.length ?? 0 } }
}

function client(about: Pick<Embeddings, 'backend' | 'model' | 'distance'>, embedder: Embedder): Embeddings {
  return {
    ...about,
    embed: async (texts, options = {}) => {
      const empty = texts.findIndex((text) => typeof text !== 'string' || text === '')
      if (empty !== -1) throw new RangeError(`Embeddings: text ${empty} of ${texts.length} is empty, which no model embeds. Leave it out.`)
      const { vectors, usage } = await traceOperation(operation(about, texts, options), () => embedder(texts, options), outcome)
      return { vectors, usage, model: about.model, dimensions: vectors[0]?.length ?? 0 }
    },
    metadata: ({ vectors, model, dimensions, usage }) => ({
      backend: about.backend,
      operation: 'embed texts',
      model,
      texts_count: vectors.length,
      dimensions,
      prompt_tokens: usage?.promptTokens,
      total_tokens: usage?.totalTokens,
    }),
  }
}
