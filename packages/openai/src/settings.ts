import { type Secret, secret } from 'dagma'
import { checkedHttpUrl, deepLink } from 'dagma/author'

/** Settings of the `embeddings` resource. An empty text is as if it were not set. */
export interface EmbeddingsSettings {
  /**
   * Root of an OpenAI-compatible API, as `https://api.openai.com/v1`: http or https, without user info. A URL without a path gets `/v1`. Not set: the
   * local embedder.
   */
  readonly baseUrl?: string
  /** Name of the model, as the endpoint knows it. Needed with `baseUrl`. */
  readonly model?: string
  /** Sent as a bearer token. Default, and when its variable is not set: none is sent. */
  readonly apiKey?: Secret
  /** Numbers in a vector. Asked of the endpoint, which not every model can do, and checked. Default: what the model gives; 2,048 for the local embedder. */
  readonly dimensions?: number
  /** Texts in one call, at most. Default 100; some servers take fewer. */
  readonly batchTexts?: number
  /** Bytes of text in one call, at most; a longer text goes by itself. Default 250,000. */
  readonly batchBytes?: number
  /** Maximum number of concurrent calls. Default 4. */
  readonly parallel?: number
  /** How long one call may take, in milliseconds. Default 60,000; at most 300,000. */
  readonly timeoutMs?: number
  /** How often a failed call is retried. Default 2. Waits 300 ms, doubled each time, or what the server asks for, up to 30 s. */
  readonly retries?: number
}

/** An endpoint, as the settings say. */
export interface Endpoint {
  /** Without a trailing slash. */
  readonly baseUrl: string
  readonly model: string
}

/** Settings that cannot be used: the message says which one, why, and how to fix it. */
export class EmbeddingsSettingsError extends Error {
  override readonly name = 'EmbeddingsSettingsError'
}

/**
 * The endpoint that the settings name; undefined when they name none, which means the local embedder.
 * @throws EmbeddingsSettingsError, or DAGMA_URL_INVALID for a URL that is not http or https or has user info.
 */
export function endpointOf(settings: EmbeddingsSettings): Endpoint | undefined {
  const { baseUrl, model, dimensions, batchTexts, batchBytes, parallel } = settings
  checkWhole('EMBEDDINGS_DIMENSIONS', dimensions, 65_536)
  for (const [name, value] of Object.entries({ batchTexts, batchBytes, parallel })) checkWhole(name, value, 1_000_000_000)
  if (!baseUrl) return undefined
  const url = new URL(checkedHttpUrl(baseUrl, 'EMBEDDINGS_BASE_URL'))
  if (url.search || url.hash)
    throw new EmbeddingsSettingsError('Embeddings: EMBEDDINGS_BASE_URL has a query or a hash. Set it to the root of the API only.')
  if (/\/embeddings\/*$/.test(url.pathname))
    throw new EmbeddingsSettingsError('Embeddings: EMBEDDINGS_BASE_URL ends with /embeddings. Set it to the root of the API, without it.')
  if (!model) throw new EmbeddingsSettingsError('Embeddings: no model is named. Set EMBEDDINGS_MODEL to one that the endpoint has.')
  return { baseUrl: deepLink(baseUrl, url.pathname === '/' ? 'v1' : ''), model }
}

// Declared when the module loads, not when it is first read: redaction knows it from then on.
const apiKey = secret('EMBEDDINGS_API_KEY')

/**
 * Settings from the environment, read when called: `EMBEDDINGS_BASE_URL`, `EMBEDDINGS_MODEL`, `EMBEDDINGS_API_KEY` and `EMBEDDINGS_DIMENSIONS`.
 * @throws EmbeddingsSettingsError when `EMBEDDINGS_DIMENSIONS` is not an integer.
 * @example
 * ```ts
 * export default definitions({ resources: { embeddings: embeddings(embeddingsFromEnv) } })
 * ```
 */
export function embeddingsFromEnv(): EmbeddingsSettings {
  const { EMBEDDINGS_BASE_URL: baseUrl, EMBEDDINGS_MODEL: model, EMBEDDINGS_DIMENSIONS: text } = process.env
  const dimensions = text ? Number(text) : undefined
  checkWhole('EMBEDDINGS_DIMENSIONS', dimensions, 65_536)
  return {
    ...(baseUrl && { baseUrl }),
    ...(model && { model }),
    ...(apiKey.isSet && { apiKey }),
    ...(dimensions !== undefined && { dimensions }),
  }
}

function checkWhole(name: string, value: number | undefined, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= most)) return
  throw new EmbeddingsSettingsError(`Embeddings: ${name} is not an integer from 1 to ${most}. Set one, or leave it unset.`)
}
