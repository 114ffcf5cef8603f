import { type Secret, secret } from 'dagma'
import { checkedHttpUrl, deepLink } from 'dagma/author'

/** Settings of the `languageModel` resource. An empty text is as if it were not set. */
export interface LanguageModelSettings {
  /**
   * Base URL of an OpenAI-compatible API, such as `https://api.openai.com/v1`: http or https, without user info. A URL without a path gets `/v1`. With
   * `provider` it is passed to that. Not set, and no `provider`: the local backend.
   */
  readonly baseUrl?: string
  /** Name of the model, as the endpoint knows it. Required with `baseUrl` or `provider`. */
  readonly model?: string
  /**
   * Makes another provider of the AI SDK, when a run first calls the model. Pass on what it is given: `fetch` has Dagma's retries, time limits and
   * traces: `async (options) => (await import('@ai-sdk/anthropic')).createAnthropic(options)`. Default: the OpenAI-compatible one.
   */
  readonly provider?: (options: ProviderOptions) => LanguageModelProvider | Promise<LanguageModelProvider>
  /** Key of the API. Default, and when its variable is not set: none is sent. */
  readonly apiKey?: Secret
  /**
   * Whether the answer to the same request is kept, and returned again without a call: by a digest of the model and everything that is sent, where the project
   * keeps its values. Default false; a call can set it for itself.
   */
  readonly cache?: boolean
  /** Maximum number of concurrent calls in a run. Default 4. */
  readonly parallel?: number
  /** Calls that may begin in a minute, of a run. Default: no limit. */
  readonly requestsPerMinute?: number
  /** Tokens that may be used in a minute, of a run: a call waits until those of earlier ones are a minute old. Default: no limit. */
  readonly tokensPerMinute?: number
  /** How long one call may take, in milliseconds; of a streamed answer, how long it may pause. Default 120,000; at most 300,000. */
  readonly timeoutMs?: number
  /** How often a failed call is sent again. Default 2. Waits 300 ms, doubled each time, or what the server asks for, up to 30 s. */
  readonly retries?: number
}

/** The options of an AI SDK provider, as in `createAnthropic(options)`. */
export interface ProviderOptions {
  /** The value of `apiKey`; absent when it is not set. */
  readonly apiKey?: string
  /** `baseUrl`; absent when it is not set. */
  readonly baseURL?: string
  /** Sends the requests: with retries, time limits, errors without secrets, and traces. */
  readonly fetch: typeof globalThis.fetch
}

/** A provider of the AI SDK: whatever `createOpenAI`, `createAnthropic`, `createGoogleGenerativeAI` and the others return. */
export interface LanguageModelProvider {
  languageModel(modelId: string): { readonly modelId: string; readonly provider: string }
}

/** A model that is reached over the network, as the settings say. */
export interface RemoteModel {
  readonly model: string
  /** Without a trailing slash; undefined with a provider that knows its own. */
  readonly baseUrl: string | undefined
}

/** Settings that cannot be used: the message says which one, why, and how to fix it. */
export class LanguageModelSettingsError extends Error {
  override readonly name = 'LanguageModelSettingsError'
}

/**
 * The model that the settings name; undefined when they name none, which means the local backend.
 * @throws LanguageModelSettingsError, or DAGMA_URL_INVALID for a URL that is not http or https or has user info.
 */
export function remoteModel(settings: LanguageModelSettings): RemoteModel | undefined {
  const { baseUrl, model, provider, parallel, requestsPerMinute, tokensPerMinute } = settings
  for (const [name, value] of Object.entries({ parallel, requestsPerMinute, tokensPerMinute })) checkWhole(name, value)
  if (!baseUrl && provider === undefined) return undefined
  if (!model) throw new LanguageModelSettingsError('Language model: no model is named. Set LLM_MODEL to one that the endpoint has.')
  if (!baseUrl) return { model, baseUrl: undefined }
  const url = new URL(checkedHttpUrl(baseUrl, 'LLM_BASE_URL'))
  if (url.search || url.hash)
    throw new LanguageModelSettingsError('Language model: LLM_BASE_URL has a query or a hash. Set it to the base URL of the API only.')
  if (/\/(?:chat\/)?completions\/*$/.test(url.pathname))
    throw new LanguageModelSettingsError(
      'Language model: LLM_BASE_URL ends with the path of a call. Set it to the base URL of the API, without /chat/completions.',
    )
  return { model, baseUrl: deepLink(baseUrl, url.pathname === '/' ? 'v1' : '') }
}

// Declared when the module loads, not when it is first read: redaction knows it from then on.
const apiKey = secret('LLM_API_KEY')

/**
 * Settings from the environment, read when called: `LLM_BASE_URL`, `LLM_MODEL` and `LLM_API_KEY`.
 * @example
 * ```ts
 * export default definitions({ resources: { model: languageModel(() => ({ ...languageModelFromEnv(), cache: true })) } })
 * ```
 */
export function languageModelFromEnv(): LanguageModelSettings {
  const { LLM_BASE_URL: baseUrl, LLM_MODEL: model } = process.env
  return { ...(baseUrl && { baseUrl }), ...(model && { model }), ...(apiKey.isSet && { apiKey }) }
}

function checkWhole(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return
  throw new LanguageModelSettingsError(`Language model: ${name} is not an integer of at least 1. Set one, or leave it unset.`)
}
