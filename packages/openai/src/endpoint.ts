import {
  batches,
  deepLink,
  eachAtMost,
  estimatedTokens,
  type HttpService,
  httpService,
  type ModelPrice,
  ServiceError,
  startModelCall,
} from 'dagma/author'
import { type Answer, readAnswer } from './answer.ts'
import type { EmbeddingsUsage } from './client.ts'
import type { EmbeddingsSettings, Endpoint } from './settings.ts'

/** An endpoint, with everything that a call to it needs. */
export interface Caller extends Endpoint {
  readonly settings: EmbeddingsSettings
  readonly service: HttpService
  /** Undefined when the project's prices do not have it. */
  readonly price: ModelPrice | undefined
}

/** Name of the system in errors. */
export const system = 'Embeddings'
const operation = 'embed texts'

/** @throws DAGMA_SECRET_SHORT when the key cannot be used. */
export function caller(settings: EmbeddingsSettings, endpoint: Endpoint, signal: AbortSignal, price?: ModelPrice): Caller {
  const { apiKey, timeoutMs = 60_000, retries } = settings
  if (apiKey?.isSet) apiKey.reveal()
  const service = httpService({
    system,
    baseUrl: endpoint.baseUrl,
    baseUrlSetting: 'EMBEDDINGS_BASE_URL',
    authSetting: apiKey?.variable ?? 'EMBEDDINGS_API_KEY',
    ...(apiKey && { auth: { bearer: apiKey } }),
    timeoutMs,
    ...(retries !== undefined && { retries }),
    signal,
    hints: {
      400: 'Check that EMBEDDINGS_MODEL embeds texts, that it supports EMBEDDINGS_DIMENSIONS if set, and that no text is too long for it.',
      404: 'Check that the endpoint has the model in EMBEDDINGS_MODEL, and that EMBEDDINGS_BASE_URL is the root of its API (with its /v1).',
      413: 'Send less per call: lower batchTexts or batchBytes.',
      422: 'Check that no text is too long for the model, or send less per call: lower batchTexts or batchBytes.',
      429: `It was tried ${(retries ?? 2) + 1} times: lower parallel, or look whether the quota of the account is used up.`,
    },
  })
  return { ...endpoint, settings, service, price }
}

/** Embeds the texts of all calls. `dimensions` is the size that every vector must have, when it is known. */
export async function embedAll(texts: readonly string[], from: Caller, dimensions: number | undefined, own?: AbortSignal): Promise<Answer> {
  const { batchTexts = 100, batchBytes = 250_000, parallel = 4 } = from.settings
  const vectors = new Array<readonly number[]>(texts.length)
  const usages: (EmbeddingsUsage | undefined)[] = []
  let size = dimensions
  const calls = batches(texts.entries(), ([, text]) => Buffer.byteLength(text), { count: batchTexts, bytes: batchBytes })
  await eachAtMost(parallel, calls, async (batch, failed) => {
    const part = batch.map(([, text]) => text)
    const answer = await embedOnce(part, from, AbortSignal.any([failed, ...(own ? [own] : [])]))
    const got = answer.vectors[0]?.length ?? 0
    size ??= got
    if (got !== size) throw wrongSize(from, got, size)
    const [[start] = [0]] = batch
    for (const [index, vector] of answer.vectors.entries()) vectors[start + index] = vector
    usages.push(answer.usage)
  })
  return { vectors, usage: sum(usages) }
}

/** Embeds the texts in one call. */
export async function embedOnce(texts: readonly string[], from: Caller, signal?: AbortSignal): Promise<Answer> {
  const { service, model, settings, price } = from
  const end = startModelCall(model, price)
  const answer = await service.json({
    operation,
    method: 'POST',
    path: 'embeddings',
    // Asked for by name, since some servers give base64 otherwise.
    json: { model, input: texts, encoding_format: 'float', ...(settings.dimensions !== undefined && { dimensions: settings.dimensions }) },
    // The same texts give the same vectors, and a call that failed is not charged for.
    idempotent: true,
    ...(signal && { signal }),
  })
  const read = readAnswer(answer, texts.length)
  const usage = 'vectors' in read ? read.usage : undefined
  const characters = texts.reduce((sum, text) => sum + text.length, 0)
  end({ inputTokens: usage?.promptTokens ?? estimatedTokens(characters), outputTokens: 0, isCounted: usage !== undefined })
  if ('vectors' in read) return read
  throw refusal(from, read.wrong, read.fix ?? 'Check that EMBEDDINGS_BASE_URL is the root of an API that embeds as OpenAI does.')
}

function wrongSize(from: Caller, got: number, size: number): ServiceError {
  const asked = from.settings.dimensions !== undefined
  return refusal(
    from,
    `the vectors have ${got} numbers, not ${size}${asked ? ' as asked for' : ' as before'}`,
    asked
      ? 'Leave EMBEDDINGS_DIMENSIONS out, or set it to a size that the model can give.'
      : 'Check that EMBEDDINGS_BASE_URL leads to one model only, not to different ones in turn.',
  )
}

function refusal({ baseUrl }: Caller, reason: string, hint: string): ServiceError {
  return new ServiceError({ system, operation, method: 'POST', url: deepLink(baseUrl, 'embeddings'), reason, hint })
}

/** Undefined when any call did not say: a part would be taken for the whole. */
function sum(usages: readonly (EmbeddingsUsage | undefined)[]): EmbeddingsUsage | undefined {
  let [promptTokens, totalTokens] = [0, 0]
  for (const usage of usages) {
    if (usage === undefined) return undefined
    promptTokens += usage.promptTokens
    totalTokens += usage.totalTokens
  }
  return { promptTokens, totalTokens }
}
