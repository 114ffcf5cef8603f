import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type ResourceContext, type ResourceType, resource } from 'dagma'
import { deepLink, modelPrices, ServiceError, sendsKeyInPlaintext } from 'dagma/author'
import type { GenerateObjectOptions, LanguageModelClient, ObjectGeneration } from './client.ts'
import { system } from './failure.ts'
import { clientOf, type Generator } from './generator.ts'
import { jsonSchemaOf, readObject, withSchema } from './json-answer.ts'
import { localGenerator } from './local/local-generator.ts'
import { together } from './metadata.ts'
import { probeLanguageModel } from './probe.ts'
import type { Asked, RemoteText } from './remote.ts'
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
  return clientOf(remote === undefined ? localGenerator(context.signal) : remoteGenerator(settings, remote, context))
}

function remoteGenerator(settings: LanguageModelSettings, remote: RemoteModel, context: ResourceContext): Generator {
  const { apiKey } = settings
  if (apiKey?.isSet) apiKey.reveal()
  const { baseUrl, model } = remote
  if (apiKey?.isSet && baseUrl !== undefined && sendsKeyInPlaintext(baseUrl))
    context.log.warning(`Language model: the key is sent unencrypted to ${new URL(baseUrl).host}; use https.`)
  const price = modelPrices(context.projectFolder)?.of(model)
  let opening: Promise<RemoteText> | undefined
  const text: RemoteText = async (options, asked, emit) => {
    opening ??= import('./remote.ts').then(({ openRemote }) => openRemote(settings, remote, { ...context, price }))
    return (await opening)(options, asked, emit)
  }
  return {
    backend: 'ai',
    model,
    text: (options, emit) => text(options, { operation: emit ? 'stream text' : 'generate text' }, emit),
    object: (options) => remoteObject(options, text, baseUrl),
  }
}

/** Asks for an object, and again when the answer is not one. */
async function remoteObject<Schema extends StandardSchemaV1>(
  { schema, jsonSchema, ...options }: GenerateObjectOptions<Schema>,
  text: RemoteText,
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
