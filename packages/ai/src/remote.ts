/** Loads the AI SDK: only when a model is called that is not the local one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { generateText, isStepCount, streamText, type ToolSet, wrapLanguageModel } from 'ai'
import type { ResourceContext } from 'dagma'
import { type Json, type ModelPrice, serviceFetch, traceOperation } from 'dagma/author'
import { AnswerCache } from './answer-cache.ts'
import type { GenerateOptions, Generation, ModelTool, ToolCall } from './client.ts'
import { compatibleModel } from './compatible-model.ts'
import { expectPrompt, type FailedCall, failureOf, system } from './failure.ts'
import type { Emit } from './generator.ts'
import { Limiter } from './limits.ts'
import { meteredModel, type Tally } from './metered-model.ts'
import type { CallOptions, Model } from './model-types.ts'
import type { LanguageModelSettings, RemoteModel } from './settings.ts'

/** How text is generated, beside what the caller says. */
export interface Asked {
  /** The operation, for errors and traces. */
  readonly operation: string
  /** Of an answer that must be JSON. */
  readonly responseFormat?: CallOptions['responseFormat']
}

/** Generates text with a model that is reached over the network; with `emit`, part by part. */
export type RemoteText = (options: GenerateOptions, asked: Asked, emit?: Emit) => Promise<Generation>

/** Makes the provider of the settings and its model. */
export async function openRemote(
  settings: LanguageModelSettings,
  remote: RemoteModel,
  context: Pick<ResourceContext, 'signal' | 'log' | 'storage'> & { readonly price: ModelPrice | undefined },
): Promise<RemoteText> {
  const { parallel = 4, requestsPerMinute, tokensPerMinute } = settings
  const limiter = new Limiter(
    { parallel, requestsPerMinute, tokensPerMinute },
    { now: () => performance.now(), sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }) },
  )
  const { price } = context
  const models = new Map<string, Promise<Model>>()
  const modelFor = (operation: string): Promise<Model> => {
    const known = models.get(operation) ?? openModel(settings, remote, operation)
    models.set(operation, known)
    return known
  }
  const prepare = async (options: GenerateOptions, { operation, responseFormat }: Asked) => {
    const signals = [context.signal, ...(options.signal ? [options.signal] : [])]
    const signal = AbortSignal.any(signals)
    signal.throwIfAborted()
    expectPrompt(options.prompt)
    const tally: Tally = { calls: 0, cachedCalls: 0, usage: undefined, uncounted: false, cost: price && 0, model: undefined }
    const model = await modelFor(operation)
    const cached = options.cache ?? settings.cache ?? false
    const cache = cached ? new AnswerCache(context.storage, [model.provider, remote.baseUrl, remote.model]) : undefined
    const metered = meteredModel(model, { tally, cache, limiter, model: remote.model, price, log: context.log, signal, responseFormat })
    return {
      tally,
      call: { ...callOptions(options), model: metered, abortSignal: signal },
      failed: { operation, url: remote.baseUrl, signals },
    }
  }
  return async (options, asked, emit) => {
    const began = performance.now()
    const { tally, call, failed } = await prepare(options, asked)
    const result = await (emit ? emitted(call, emit, failed) : generateText(call).catch(failing(failed)))
    const { text, finishReason, steps, responseMessages: messages } = result
    return generation({ text, finishReason, steps, messages }, tally, { began, model: remote.model })
  }
}

function failing(failed: FailedCall): (error: unknown) => never {
  return (error) => {
    throw failureOf(error, failed)
  }
}

/** Streams a text. An error of the reader of the parts ends it, and is passed on unchanged. */
async function emitted(call: Parameters<typeof streamText>[0] & { readonly abortSignal: AbortSignal }, emit: Emit, failed: FailedCall) {
  const result = streamText({ ...call, onError: () => {} })
  let unread: { readonly error: unknown } | undefined
  const parts = async (): Promise<void> => {
    for await (const part of result.stream) {
      if (part.type === 'error') throw part.error
      if (part.type === 'abort') call.abortSignal.throwIfAborted()
      if (part.type !== 'text-delta' || part.text === '') continue
      await emit(part.text).catch((error) => {
        unread = { error }
        throw error
      })
    }
  }
  await parts().catch((error) => {
    if (unread !== undefined) throw unread.error
    return failing(failed)(error)
  })
  const [text, finishReason, steps, responseMessages] = await Promise.all([
    result.text,
    result.finishReason,
    result.steps,
    result.responseMessages,
  ])
  return { text, finishReason, steps, responseMessages }
}

async function openModel(settings: LanguageModelSettings, { model, baseUrl }: RemoteModel, operation: string): Promise<Model> {
  const { apiKey, provider, retries, timeoutMs = 120_000 } = settings
  const fetch = serviceFetch({
    system,
    operation,
    baseUrl: baseUrl ?? 'none:',
    baseUrlSetting: 'LLM_BASE_URL',
    authSetting: apiKey?.variable ?? 'LLM_API_KEY',
    ...(apiKey && { auth: { bearer: apiKey } }),
    timeoutMs,
    ...(retries !== undefined && { retries }),
    hints: {
      400: 'Check that the model supports the options of the call, and that the prompt is not too long for it.',
      404: 'Check that the endpoint has the model in LLM_MODEL, and that LLM_BASE_URL is the base URL of its API (with its /v1).',
      413: 'Send less: the prompt is too long.',
      422: 'Check that the model supports the options of the call, and that the prompt is not too long for it.',
      429: `It was tried ${(retries ?? 2) + 1} times: lower parallel or set requestsPerMinute, or check whether the quota of the account is used up.`,
    },
  })
  const options = { ...(apiKey?.isSet && { apiKey: apiKey.reveal() }), ...(baseUrl !== undefined && { baseURL: baseUrl }), fetch }
  if (provider === undefined) return compatibleModel(model, options)
  const made = (await provider(options)).languageModel(model)
  // Models of older providers are given the current interface.
  return wrapLanguageModel({ model: made as SdkModel, middleware: {} })
}

/** The library's own types, which are not in this package's interface: they need those of a browser to compile. */
type SdkModel = Parameters<typeof wrapLanguageModel>[0]['model']
type SdkOptions = Parameters<typeof generateText>[0]

function callOptions(options: GenerateOptions) {
  const { prompt, instructions, tools, toolChoice, maxSteps = 5, maxOutputTokens, temperature, seed, stopSequences } = options
  return {
    maxRetries: 0, // the requests are sent again themselves
    telemetry: { isEnabled: false },
    stopWhen: isStepCount(maxSteps),
    allowSystemInMessages: true,
    prompt: prompt as SdkOptions['prompt'] & {},
    ...(instructions !== undefined && { instructions }),
    ...(tools && { tools: tracedTools(tools) }),
    ...(toolChoice && { toolChoice }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(seed !== undefined && { seed }),
    ...(stopSequences && { stopSequences: [...stopSequences] }),
    ...(options.providerOptions && { providerOptions: options.providerOptions as SdkOptions['providerOptions'] & {} }),
  }
}

/** The tools, each call of which is shown in the trace of the run. */
function tracedTools(tools: { readonly [name: string]: ModelTool }): ToolSet {
  const traced = Object.entries(tools).map(([name, tool]): [string, ModelTool] => {
    const { execute } = tool
    if (execute === undefined) return [name, tool]
    const call = async (input: never, options: never): Promise<unknown> => {
      const operation = { kind: 'tool', name: `call ${name}`, system: 'ai', input: () => json(input) } as const
      return traceOperation(
        operation,
        async () => execute(input, options),
        (output) => ({ output: () => json(output) }),
      )
    }
    return [name, { ...tool, execute: call }]
  })
  return Object.fromEntries(traced) as ToolSet
}

function json(value: unknown): Json {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as Json)
}

/** The part of the AI SDK's answer that is used. */
interface Result {
  readonly text: string
  readonly finishReason: Generation['finishReason']
  readonly steps: readonly { readonly content: readonly { readonly type: string }[] }[]
  readonly messages: Generation['messages']
}

function generation(
  { text, finishReason, steps, messages }: Result,
  tally: Tally,
  { began, model }: { readonly began: number; readonly model: string },
): Generation {
  return {
    text,
    model: tally.model ?? model,
    finishReason,
    usage: tally.uncounted ? undefined : tally.usage,
    cost: tally.cost,
    latencyMs: performance.now() - began,
    calls: tally.calls,
    cachedCalls: tally.cachedCalls,
    toolCalls: steps.flatMap(({ content }) => content.flatMap((part) => toolCall(part as ToolPart))),
    messages,
  }
}

interface ToolPart {
  readonly type: string
  readonly toolName: string
  readonly input: unknown
  readonly output?: unknown
  readonly error?: unknown
}

function toolCall({ type, toolName: name, input, output, error }: ToolPart): ToolCall[] {
  if (type === 'tool-result') return [{ name, input, output }]
  return type === 'tool-error' ? [{ name, input, error }] : []
}
