import type { StepLog } from 'dagma'
import { estimatedTokens, type ModelPrice, type ModelTokens, startModelCall } from 'dagma/author'
import { type AnswerCache, Gathered, type KeptAnswer, partsOf } from './answer-cache.ts'
import type { TokenUsage } from './client.ts'
import type { Limiter } from './limits.ts'
import type { CallOptions, CallResult, Model, StreamPart, StreamResult } from './model-types.ts'

/** The totals of the calls in a generation. */
export interface Tally {
  calls: number
  cachedCalls: number
  /** Of the calls that were made and whose tokens the endpoint counted. */
  usage: TokenUsage | undefined
  /** Whether a call was made whose tokens the endpoint did not count. */
  uncounted: boolean
  /** Of the calls that were made; undefined when the price of the model is not known. */
  cost: number | undefined
  /** The model that answered last, as the endpoint names it. */
  model: string | undefined
}

/** The middleware of the calls in a generation. */
export interface Metering {
  readonly tally: Tally
  /** Undefined when nothing is kept. */
  readonly cache: AnswerCache | undefined
  readonly limiter: Limiter
  /** Name of the model in the settings, by which budgets and prices know it. */
  readonly model: string
  /** Undefined when it is not known. */
  readonly price: ModelPrice | undefined
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
  const { cache, log } = metering
  const kept = await keptAnswer(metering, params)
  if (kept !== undefined) return answerOf(kept)
  const call = await begin(metering, params)
  try {
    const result = await model.doGenerate(params)
    const answer = { ...result, model: result.response?.modelId }
    call.end(answer)
    warn(log, result.warnings)
    await cache?.store(params, answer)
    return { ...result, warnings: [] }
  } finally {
    call.fail()
  }
}

async function stream(model: Model, metering: Metering, params: CallOptions): Promise<StreamResult> {
  const { cache, log } = metering
  const kept = await keptAnswer(metering, params)
  if (kept !== undefined) return { stream: ReadableStream.from(partsOf(answerOf(kept))) }
  const call = await begin(metering, params)
  try {
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
          call.end(answer)
          await cache?.store(params, answer)
        }
        controller.enqueue(part.type === 'stream-start' ? { ...part, warnings: [] } : part)
      },
      flush: () => call.fail(gathered.content),
      cancel: () => call.fail(gathered.content),
    })
    const { readable, writable } = followed
    result.stream.pipeTo(writable).catch(() => call.fail(gathered.content)) // the reader gets the error, too
    return { ...result, stream: readable }
  } catch (error) {
    call.fail()
    throw error
  }
}

/** A call that is being made. Ends once: what comes later changes nothing. */
interface Call {
  /** It has its answer. */
  readonly end: (answer: Pick<CallResult, 'content' | 'usage'> & { readonly model: string | undefined }) => void
  /** It has none; what came of it so far was paid for nevertheless. */
  readonly fail: (content?: CallResult['content']) => void
}

/** Waits until a call may begin. @throws DAGMA_BUDGET_EXCEEDED, DAGMA_PRICE_MISSING */
async function begin({ tally, limiter, signal, model, price }: Metering, params: CallOptions): Promise<Call> {
  const leave = await limiter.begin(signal)
  let pay: (tokens: ModelTokens) => number | undefined
  try {
    pay = startModelCall(model, price)
  } catch (error) {
    leave(0)
    throw error
  }
  tally.calls++
  let over = false
  const finish = (tokens: ModelTokens | undefined): void => {
    over = true
    leave(tokens === undefined ? 0 : tokens.inputTokens + tokens.outputTokens)
    if (tokens !== undefined) addCost(tally, pay(tokens))
  }
  const estimated = (content: CallResult['content']): ModelTokens => ({
    inputTokens: estimatedTokens(lengthOf(params.prompt)),
    outputTokens: estimatedTokens(lengthOf(content)),
    isCounted: false,
  })
  return {
    end: ({ content, usage, model: answeredBy }) => {
      if (over) return
      tally.model = answeredBy ?? tally.model
      const counted = count(tally, usage)
      finish(counted ?? estimated(content))
    },
    fail: (content) => {
      if (!over) finish(content && estimated(content))
    },
  }
}

function addCost(tally: Tally, cost: number | undefined): void {
  tally.cost = cost === undefined || tally.cost === undefined ? undefined : tally.cost + cost
}

/** Characters of all texts in messages or an answer. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 0
  return Object.values(value).reduce((sum: number, member) => sum + lengthOf(member), 0)
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

/** Adds the tokens of a call. @returns them; undefined when the endpoint does not count */
function count(tally: Tally, { inputTokens, outputTokens }: CallResult['usage']): ModelTokens | undefined {
  // A prompt has at least one token: a count of none is that of a server which does not count.
  if (!inputTokens.total) {
    tally.uncounted = true
    return undefined
  }
  const [input, output, cached] = [inputTokens.total, outputTokens.total ?? 0, inputTokens.cacheRead ?? 0]
  const { usage: before = { inputTokens: 0, outputTokens: 0, totalTokens: 0, cachedInputTokens: 0 } } = tally
  tally.usage = {
    inputTokens: before.inputTokens + input,
    outputTokens: before.outputTokens + output,
    totalTokens: before.totalTokens + input + output,
    cachedInputTokens: before.cachedInputTokens + cached,
  }
  return { inputTokens: input, outputTokens: output, cachedInputTokens: cached, isCounted: true }
}

/** The provider's own words on what it leaves out. */
function warn(log: StepLog, warnings: CallResult['warnings']): void {
  for (const warning of warnings)
    log.warning(`Language model: ${'feature' in warning ? `the provider does not support ${warning.feature}` : warning.message}.`)
}
