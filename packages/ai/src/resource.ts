import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Metadata, type ResourceContext, type ResourceType, resource } from 'dagma'
import { deepLink, modelPrices, ServiceError, sendsKeyInPlaintext } from 'dagma/author'
import type { GenerateObjectOptions, GenerateOptions, Generation, LanguageModelClient, ObjectGeneration } from './client.ts'
import { system } from './failure.ts'
import { jsonSchemaOf, readObject, withSchema } from './json-answer.ts'
import { localGenerator, localModel } from './local/local-generator.ts'
import { probeLanguageModel } from './probe.ts'
import type { Asked, RemoteGenerator } from './remote.ts'
import { type LanguageModelSettings, type RemoteModel, remoteModel } from './settings.ts'

/**
 * A language model, as a resource: by any provider of the AI SDK or an OpenAI-compatible endpoint, as the settings say, or the local backend when they
 * name none, which opens no socket. The AI SDK is loaded at the first call.
 * @throws LanguageModelSettingsError, DAGMA_URL_INVALID, DAGMA_SECRET_SHORT or DAGMA_PRICES_INVALID when it opens with settings that cannot be used.
 * @example
 * ```ts
 * const model = languageModel({ baseUrl: 'https://api.openai.com/v1', model: 'gpt-5-mini', apiKey: secret('OPENAI_API_KEY') })
 * export default definitions({ resources: { model } })
 * ```
 */
export const languageModel: ResourceType<LanguageModelSettings, LanguageModelClient> = resource({
  open: openLanguageModel,
  probe: probeLanguageModel,
})

function openLanguageModel(settings: LanguageModelSettings, context: ResourceContext): LanguageModelClient {
  const remote = remoteModel(settings)
  return remote === undefined ? localClient(context) : remoteClient(settings, remote, context)
}

function remoteClient(settings: LanguageModelSettings, remote: RemoteModel, context: ResourceContext): LanguageModelClient {
  const { apiKey } = settings
  if (apiKey?.isSet) apiKey.reveal()
  const { baseUrl, model } = remote
  if (apiKey?.isSet && baseUrl !== undefined && sendsKeyInPlaintext(baseUrl))
    context.log.warning(`Language model: the key is sent unencrypted to ${new URL(baseUrl).host}; use https.`)
  const price = modelPrices(context.projectFolder)?.of(model)
  let opening: Promise<RemoteGenerator> | undefined
  const open = (): Promise<RemoteGenerator> => {
    opening ??= import('./remote.ts').then(({ openRemote }) => openRemote(settings, remote, { ...context, price }))
    return opening
  }
  const text = async (options: GenerateOptions, asked: Asked): Promise<Generation> => (await open()).text(options, asked)
  return {
    backend: 'ai',
    model,
    generateText: (options) => text(options, { operation: 'generate text' }),
    generateObject: (options) => remoteObject(options, text, baseUrl),
    streamText: (options) => {
      const whole = Promise.withResolvers<Generation>()
      whole.promise.catch(() => {}) // whoever reads the stream gets it too
      const read = async function* (): AsyncGenerator<string> {
        const { textStream, result } = (await open()).stream(options, { operation: 'stream text' })
        whole.resolve(result)
        yield* textStream
      }
      return { textStream: read(), result: whole.promise }
    },
    metadata: (generations) => metadataOf('ai', model, [generations].flat()),
  }
}

/** Asks for an object, and once more when the answer is not one. */
async function remoteObject<Schema extends StandardSchemaV1>(
  { schema, jsonSchema, ...options }: GenerateObjectOptions<Schema>,
  text: (options: GenerateOptions, asked: Asked) => Promise<Generation>,
  baseUrl: string | undefined,
): Promise<ObjectGeneration<StandardSchemaV1.InferOutput<Schema>>> {
  const operation = 'generate object'
  const json = jsonSchemaOf(schema, jsonSchema)
  const asked: Asked = { operation, responseFormat: { type: 'json', schema: json, name: 'answer' } }
  const instructions = withSchema(options.instructions, json)
  const first = await text({ ...options, instructions }, asked)
  const read = await readObject(first.text, schema)
  if ('object' in read) return { ...first, object: read.object }
  const prompt = typeof options.prompt === 'string' ? [{ role: 'user' as const, content: options.prompt }] : options.prompt
  const again = `Your answer cannot be used: ${read.wrong}. Answer again, with JSON only.`
  const second = await text({ ...options, instructions, prompt: [...prompt, ...first.messages, { role: 'user', content: again }] }, asked)
  const reread = await readObject(second.text, schema)
  const whole = together([first, second])
  if ('object' in reread) return { ...whole, object: reread.object }
  throw new ServiceError({
    system,
    operation,
    method: 'POST',
    url: baseUrl === undefined ? 'none:' : deepLink(baseUrl, 'chat/completions'),
    reason: `the model answered twice, and ${reread.wrong}${whole.finishReason === 'length' ? ': it was cut off' : ''}`,
    hint: 'Ask for less, raise maxOutputTokens, or use a model that can answer with JSON.',
  })
}

function localClient(context: ResourceContext): LanguageModelClient {
  return { ...localGenerator(context.signal), metadata: (generations) => metadataOf('local', localModel, [generations].flat()) }
}

/** Several generations as one, that ends as the last one does. */
function together(generations: readonly [Generation, ...Generation[]]): Generation {
  const sum = (number: (of: Generation) => number): number => generations.reduce((total, one) => total + number(one), 0)
  const last = generations.at(-1) ?? generations[0]
  const counted = generations.filter(({ calls, cachedCalls }) => calls > cachedCalls)
  const known = counted.length > 0 && counted.every(({ usage }) => usage !== undefined)
  const tokens = (name: 'inputTokens' | 'outputTokens' | 'totalTokens' | 'cachedInputTokens'): number =>
    sum(({ usage }) => usage?.[name] ?? 0)
  return {
    ...last,
    usage: known
      ? {
          inputTokens: tokens('inputTokens'),
          outputTokens: tokens('outputTokens'),
          totalTokens: tokens('totalTokens'),
          cachedInputTokens: tokens('cachedInputTokens'),
        }
      : undefined,
    cost: generations.every(({ cost }) => cost !== undefined) ? sum(({ cost }) => cost ?? 0) : undefined,
    latencyMs: sum(({ latencyMs }) => latencyMs),
    calls: sum(({ calls }) => calls),
    cachedCalls: sum(({ cachedCalls }) => cachedCalls),
    toolCalls: generations.flatMap(({ toolCalls }) => toolCalls),
  }
}

function metadataOf(backend: 'ai' | 'local', model: string, generations: readonly Generation[]): Metadata {
  const [first, ...rest] = generations
  const whole = first && together([first, ...rest])
  return {
    backend,
    operation: 'generate text',
    model: whole?.model ?? model,
    generations_count: generations.length,
    model_calls: whole?.calls ?? 0,
    cached_calls: whole?.cachedCalls ?? 0,
    finish_reason: generations.length === 1 ? whole?.finishReason : undefined,
    model_latency_ms: whole && Math.round(whole.latencyMs * 1000) / 1000,
    cost: whole?.cost === undefined ? undefined : Number(whole.cost.toPrecision(12)),
    prompt_tokens: whole?.usage?.inputTokens,
    completion_tokens: whole?.usage?.outputTokens,
    total_tokens: whole?.usage?.totalTokens,
  }
}
