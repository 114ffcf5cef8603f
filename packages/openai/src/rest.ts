import { deepLink, type HttpService, httpService, ServiceError } from 'dagma/author'
import { type Batch, batches, type Limits } from './batches.ts'
import type { EmbeddingsResult } from './client.ts'
import type { EmbeddingsSettings } from './resource.ts'

const system = 'Embeddings'
const operation = 'embed texts'

/** The client of an endpoint. */
export function embeddingsService(
  baseUrl: string,
  { apiKey, timeoutMs = 60_000, retries }: EmbeddingsSettings,
  signal: AbortSignal,
): HttpService {
  return httpService({
    system,
    baseUrl,
    baseUrlSetting: 'EMBEDDINGS_BASE_URL',
    authSetting: apiKey?.variable ?? 'EMBEDDINGS_API_KEY',
    ...(apiKey && { auth: { bearer: apiKey } }),
    timeoutMs,
    ...(retries !== undefined && { retries }),
    signal,
    cures: {
      400: 'Check EMBEDDINGS_MODEL, EMBEDDINGS_DIMENSIONS, and that each text is short enough for the model.',
      404: 'Check that EMBEDDINGS_BASE_URL is the root of the API, usually with /v1 at its end, and that it has the model in EMBEDDINGS_MODEL.',
    },
  })
}

/** What is asked of the endpoint. */
export interface Asked extends Limits {
  readonly model: string
  readonly baseUrl: string
  readonly dimensions: number | undefined
}

/** Vectors from an endpoint, several requests at once. After a failure no more are sent, those at work are given up, and the first failure is thrown. */
export async function embedThrough(
  service: HttpService,
  asked: Asked,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<EmbeddingsResult> {
  const vectors: (readonly number[])[] = []
  const usages: (Usage | undefined)[] = []
  let model = asked.model
  const rest = batches(texts, asked)
  const failed = new AbortController()
  const during = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); !failed.signal.aborted && next.done !== true; next = rest.next()) {
      const answer = await embedBatch(service, asked, next.value, during)
      for (const [index, vector] of answer.vectors.entries()) vectors[next.value.start + index] = vector
      usages.push(answer.usage)
      model = answer.model
    }
  }
  await Promise.all(
    Array.from({ length: asked.concurrency }, () =>
      worker().catch((error) => {
        failed.abort(error)
        throw error
      }),
    ),
  )
  return { vectors, model, dimensions: sameSize(vectors, asked), usage: sum(usages) }
}

interface Usage {
  readonly prompt_tokens: number
  readonly total_tokens: number
}

/** An endpoint's answer, as far as it is read. */
interface Answer {
  readonly model?: unknown
  readonly data?: unknown
  readonly usage?: { readonly prompt_tokens?: unknown; readonly total_tokens?: unknown } | null
}

async function embedBatch(
  service: HttpService,
  asked: Asked,
  { texts }: Batch,
  signal: AbortSignal,
): Promise<{ vectors: readonly (readonly number[])[]; usage: Usage | undefined; model: string }> {
  const { model, dimensions } = asked
  const answer = await service.json<Answer | null>({
    operation,
    method: 'POST',
    path: 'embeddings',
    json: { model, input: texts, encoding_format: 'float', ...(dimensions !== undefined && { dimensions }) },
    // It changes nothing there: asking twice is as asking once.
    idempotent: true,
    signal,
  })
  const { prompt_tokens, total_tokens = prompt_tokens } = answer?.usage ?? {}
  return {
    vectors: inOrder(answer?.data, texts.length, asked),
    usage: isCount(prompt_tokens) && isCount(total_tokens) ? { prompt_tokens, total_tokens } : undefined,
    model: typeof answer?.model === 'string' && answer.model !== '' && answer.model.length <= 200 ? answer.model : model,
  }
}

/** Vectors by the index that each says: an endpoint may answer in any order. */
function inOrder(data: unknown, count: number, asked: Asked): (readonly number[])[] {
  if (!Array.isArray(data))
    throw unfit(asked, 'the answer has no list of vectors', 'Check that EMBEDDINGS_BASE_URL is the root of an OpenAI-compatible API.')
  if (data.length !== count)
    throw unfit(
      asked,
      `the answer has ${data.length} vectors for ${count} texts`,
      'Check that the endpoint takes several texts in one request, or set batchTexts to 1.',
    )
  const vectors: (readonly number[])[] = []
  for (const item of data) {
    const { index, embedding } = (item ?? {}) as { index?: unknown; embedding?: unknown }
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || index in vectors)
      throw unfit(
        asked,
        'the vectors of the answer do not say which text each is of',
        'Check that the endpoint numbers them as OpenAI does, or set batchTexts to 1.',
      )
    if (!Array.isArray(embedding) || embedding.length === 0 || !embedding.every(Number.isFinite))
      throw unfit(
        asked,
        'a vector of the answer is no list of finite numbers',
        'Check that the model in EMBEDDINGS_MODEL is one for embeddings.',
      )
    vectors[index] = embedding
  }
  return vectors
}

function sameSize(vectors: readonly (readonly number[])[], asked: Asked): number {
  const size = vectors[0]?.length ?? 0
  const wanted = asked.dimensions ?? size
  const other = vectors.find((vector) => vector.length !== wanted)
  if (other === undefined) return size
  throw asked.dimensions === undefined
    ? unfit(asked, `the vectors have different sizes: ${size} and ${other.length} numbers`, 'Check that one model answers at this address.')
    : unfit(
        asked,
        `the vectors have ${other.length} numbers, not ${wanted}`,
        'Set EMBEDDINGS_DIMENSIONS to what the model gives, or leave it out; not every model can do several sizes.',
      )
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function sum(usages: readonly (Usage | undefined)[]): EmbeddingsResult['usage'] {
  const counted = usages.filter((usage) => usage !== undefined)
  if (counted.length === 0 || counted.length < usages.length) return undefined
  const total = (key: keyof Usage): number => counted.reduce((all, usage) => all + usage[key], 0)
  return { promptTokens: total('prompt_tokens'), totalTokens: total('total_tokens') }
}

/** An answer that cannot be used. Nothing of its text gets into the error. */
function unfit({ baseUrl }: Asked, reason: string, cure: string): ServiceError {
  return new ServiceError({ system, operation, method: 'POST', url: deepLink(baseUrl, 'embeddings'), status: 200, reason, cure })
}
