import type { StepLog } from 'dagma'
import { type AnswerCache, Gathered, type KeptAnswer, partsOf } from './answer-cache.ts'
import type { TokenUsage } from './client.ts'
import type { Limiter } from './limits.ts'
import type { CallOptions, CallResult, Model, StreamPart, StreamResult } from './model-types.ts'

/** What the calls of one generation come to. */
export interface Tally {
  calls: number
  cachedCalls: number
  /** Of the calls that were made and whose tokens the endpoint counted. */
  usage: TokenUsage | undefined
  /** Whether a call was made whose tokens the endpoint did not count. */
  uncounted: boolean
  /** The model that answered last, as the endpoint names it. */
  model: string | undefined
}

/** What the calls of a generation go through. */
export interface Metering {
  readonly tally: Tally
  /** Undefined when nothing is kept. */
  readonly cache: AnswerCache | undefined
  readonly limiter: Limiter
  readonly log: StepLog
  /** Aborted when the run or the step is. */
  readonly signal: AbortSignal
  /** Sent along with each call, to get JSON. */
  readonly responseFormat: CallOptions['responseFormat']
}

/** A model whose calls are kept, wait for the limits, and are counted. Each generation has its own. */
export function meteredModel(model: Model, metering: Metering): Model {
  return {
    specificationVersion: model.specificationVersion,
    provider: model.provider,
    modelId: model.modelId,
    supportedUrls: model.supportedUrls,
    doGenerate: (params) => generate(model, metering, asked(params, metering)),
    doStream: (params) => stream(model, metering, asked(params, metering)),
  }
}

function asked(params: CallOptions, { responseFormat }: Metering): CallOptions {
  return responseFormat === undefined ? params : { ...params, responseFormat }
}

async function generate(model: Model, metering: Metering, params: CallOptions): Promise<CallResult> {
  const { tally, cache, limiter, log, signal } = metering
  const kept = await keptAnswer(metering, params)
  if (kept !== undefined) return answerOf(kept)
  const end = await limiter.begin(signal)
  try {
    tally.calls++
    const result = await model.doGenerate(params)
    const answer = { ...result, model: result.response?.modelId }
    end(count(tally, answer))
    warn(log, result.warnings)
    await cache?.store(params, answer)
    return { ...result, warnings: [] }
  } finally {
    end(0)
  }
}

async function stream(model: Model, metering: Metering, params: CallOptions): Promise<StreamResult> {
  const { tally, cache, limiter, log, signal } = metering
  const kept = await keptAnswer(metering, params)
  if (kept !== undefined) return { stream: ReadableStream.from(partsOf(answerOf(kept))) }
  const end = await limiter.begin(signal)
  try {
    tally.calls++
    const result = await model.doStream(params)
    const gathered = new Gathered()
    let answeredBy: string | undefined
    const followed = new TransformStream<StreamPart, StreamPart>({
      transform: async (part, controller) => {
        gathered.add(part)
        if (part.type === 'stream-start') warn(log, part.warnings)
        if (part.type === 'response-metadata') answeredBy = part.modelId
        if (part.type === 'finish') {
          const answer = { content: gathered.content, finishReason: part.finishReason, usage: part.usage, model: answeredBy }
          end(count(tally, answer))
          await cache?.store(params, answer)
        }
        controller.enqueue(part.type === 'stream-start' ? { ...part, warnings: [] } : part)
      },
      flush: () => end(0),
      cancel: () => end(0),
    })
    return { ...result, stream: result.stream.pipeThrough(followed) }
  } catch (error) {
    end(0)
    throw error
  }
}

async function keptAnswer({ cache, tally }: Metering, params: CallOptions): Promise<KeptAnswer | undefined> {
  const kept = await cache?.load(params)
  if (kept === undefined) return undefined
  tally.calls++
  tally.cachedCalls++
  tally.model = kept.model ?? tally.model
  return kept
}

/** An answer from the cache takes no tokens. */
function answerOf({ content, finishReason }: KeptAnswer): CallResult {
  const none = { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined }
  return {
    content,
    finishReason,
    usage: { inputTokens: none, outputTokens: { total: undefined, text: undefined, reasoning: undefined } },
    warnings: [],
  }
}

/** Adds the tokens of a call. @returns how many they are, when that is known, else 0 */
function count(tally: Tally, { usage, model }: Pick<CallResult, 'usage'> & { readonly model: string | undefined }): number {
  tally.model = model ?? tally.model
  const { inputTokens, outputTokens } = usage
  // A prompt has at least one token: a count of none is that of a server which does not count.
  if (!inputTokens.total) {
    tally.uncounted = true
    return 0
  }
  const [input, output] = [inputTokens.total, outputTokens.total ?? 0]
  const { usage: before = { inputTokens: 0, outputTokens: 0, totalTokens: 0, cachedInputTokens: 0 } } = tally
  tally.usage = {
    inputTokens: before.inputTokens + input,
    outputTokens: before.outputTokens + output,
    totalTokens: before.totalTokens + input + output,
    cachedInputTokens: before.cachedInputTokens + (inputTokens.cacheRead ?? 0),
  }
  return input + output
}

/** The provider's own words on what it leaves out. */
function warn(log: StepLog, warnings: CallResult['warnings']): void {
  for (const warning of warnings)
    log.warning(`Language model: ${'feature' in warning ? `the provider does not support ${warning.feature}` : warning.message}.`)
}
