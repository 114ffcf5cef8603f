import { setImmediate as nextTurn } from 'node:timers/promises'
import { type BatchedItemsOptions, defaultItemConcurrency, type ItemsOptions, type RunItems } from '../../definitions/assets/items.ts'
import type { Step } from '../../definitions/assets/step.ts'
import type { StepLog } from '../../definitions/assets/step-log.ts'
import { dagmaError } from '../../errors.ts'
import { ServiceError } from '../../metadata/service-error.ts'
import { gateText, reasonOf } from '../gate/exit-gate.ts'
import { expectNoSecretIn } from '../gate/known-secrets.ts'
import { jsonText } from '../values/json-text.ts'
import type { ItemFile } from '../values/kept-items.ts'
import { mayBeRetried, stopsStep } from './step-failure.ts'
import type { StepHost } from './step-host.ts'

/** Failed items that the error and the log name. */
const mostNamed = 20

/** Reports of progress of one call, at most, beside the last one. */
const mostReports = 10

/** How long a function that never pauses may keep the event loop, in milliseconds: the time limit, a cancel and other steps wait for it. */
const longestTurnMs = 50

/** The JSON of no result. */
const nothing = 'null'

type AnyOptions = ItemsOptions<unknown> | BatchedItemsOptions<unknown>

/** `items` of a step's context. `log` is that of the context. */
export function stepItems(step: Step, host: StepHost, log: StepLog): RunItems {
  const names = new Set<string>()
  const run = async (list: readonly unknown[], options: AnyOptions, call: (given: never) => unknown): Promise<unknown[]> => {
    const { name = 'items', acrossRuns = false, concurrency = defaultItemConcurrency, batch = 1 } = options
    expectCounts({ concurrency, batch })
    expectNoSecretIn({ 'the name of a call of items()': name }) // a folder has it
    if (names.has(name)) throw invalid(`two calls in this step have the name "${name}"`)
    names.add(name)
    const keys = itemKeys(list, options.key)
    host.signal.throwIfAborted()
    using file = host.items.open({ step: step.name, partitionKey: host.partitionKey, name, acrossRuns })
    const work = new ItemsRun({ keys, list, name, concurrency, batch, call, isBatched: options.batch !== undefined, file, host, log })
    return await work.toEnd()
  }
  return run as RunItems
}

interface ItemsRunOptions {
  readonly keys: readonly string[]
  readonly list: readonly unknown[]
  readonly name: string
  readonly concurrency: number
  readonly batch: number
  readonly isBatched: boolean
  readonly call: (given: never) => unknown
  readonly file: ItemFile
  readonly host: StepHost
  readonly log: StepLog
}

/** One call of `items()`. */
class ItemsRun {
  readonly #options: ItemsRunOptions
  readonly #results: unknown[]
  /** Whether each item has a result. */
  readonly #done: Uint8Array
  #doneCount = 0
  #failedCount = 0
  /** Keys of the first failed items. */
  readonly #failed: string[] = []
  /** The first error of an item; the first that may be retried, if there is one. */
  #cause: { readonly error: unknown } | undefined
  /** An error that stops all items, such as a full disk, a spent budget or a rejected key. */
  #broken: { readonly error: unknown } | undefined
  #reported = 0
  #turnBegan = performance.now()

  constructor(options: ItemsRunOptions) {
    this.#options = options
    this.#results = new Array(options.keys.length).fill(null)
    this.#done = new Uint8Array(options.keys.length)
  }

  async toEnd(): Promise<unknown[]> {
    const { concurrency, host, keys } = this.#options
    await this.#loadKept()
    const missing = [...keys.keys()].filter((index) => this.#done[index] === 0)
    const batches = this.#batches(missing)
    const work = async (): Promise<void> => {
      for (const indexes of batches) {
        if (host.signal.aborted || this.#broken !== undefined) return
        await this.#process(indexes)
        await this.#pause()
      }
    }
    await Promise.all(Array.from({ length: Math.min(concurrency, missing.length) }, work))
    host.signal.throwIfAborted()
    if (this.#broken !== undefined) throw this.#broken.error
    this.#expectNoneFailed()
    return this.#results
  }

  async #loadKept(): Promise<void> {
    const { keys, file, host, log } = this.#options
    let indexOf: Map<string, number> | undefined
    for await (const [key, result] of file.kept()) {
      host.signal.throwIfAborted()
      indexOf ??= new Map(keys.map((one, index) => [one, index]))
      const index = indexOf.get(key)
      if (index !== undefined && this.#done[index] === 0) this.#finish(index, result)
    }
    if (this.#doneCount > 0) log.info(`${this.#doneCount} of ${keys.length} items were kept by an earlier attempt.`)
    this.#reported = this.#milestone()
  }

  *#batches(missing: readonly number[]): Generator<readonly number[]> {
    const { batch } = this.#options
    for (let start = 0; start < missing.length; start += batch) yield missing.slice(start, start + batch)
  }

  async #process(indexes: readonly number[]): Promise<void> {
    const { file, host, keys } = this.#options
    let texts: readonly string[]
    try {
      texts = await this.#callUser(indexes)
    } catch (error) {
      if (stopsStep(error) || isUnauthorized(error)) this.#broken ??= { error }
      else if (!host.signal.aborted) this.#fail(indexes, error)
      return
    }
    try {
      await file.keep(indexes.map((index, at) => [keys[index] ?? '', texts[at] ?? nothing]))
    } catch (error) {
      this.#broken ??= { error }
      return
    }
    for (const [at, index] of indexes.entries()) {
      const text = texts[at] ?? nothing
      this.#finish(index, text === nothing ? null : JSON.parse(text))
    }
    this.#report()
  }

  /** The results of some items, as JSON. */
  async #callUser(indexes: readonly number[]): Promise<readonly string[]> {
    const { list, keys, isBatched, call } = this.#options
    const given = indexes.map((index) => list[index])
    const returned: unknown = await call((isBatched ? given : given[0]) as never)
    const text = (index: number, result: unknown): string => jsonText(`result of item "${keys[index]}"`, result)
    if (!isBatched) return indexes.map((index) => text(index, returned))
    if (returned === undefined) return indexes.map(() => nothing)
    if (!Array.isArray(returned) || returned.length !== indexes.length)
      throw invalid(
        `its function returned ${Array.isArray(returned) ? `${returned.length} results` : 'no list'} for ${indexes.length} items`,
      )
    return indexes.map((index, at) => text(index, returned[at]))
  }

  #finish(index: number, result: unknown): void {
    this.#results[index] = result
    this.#done[index] = 1
    this.#doneCount++
  }

  #fail(indexes: readonly number[], error: unknown): void {
    const { keys, log } = this.#options
    const failed = indexes.map((index) => keys[index] ?? '')
    this.#failedCount += failed.length
    if (this.#failed.length < mostNamed) {
      this.#failed.push(...failed.slice(0, mostNamed - this.#failed.length))
      log.error(`Item "${failed[0]}"${failed.length > 1 ? ` and ${failed.length - 1} more` : ''} failed: ${reasonOf(error)}`)
    }
    if (this.#cause === undefined || (mayBeRetried(error) && !mayBeRetried(this.#cause.error))) this.#cause = { error }
    this.#report()
  }

  #report(): void {
    const { host, name, keys } = this.#options
    const reached = this.#milestone()
    if (reached === this.#reported) return
    this.#reported = reached
    host.report({
      type: 'items',
      name: gateText(name),
      done: this.#doneCount,
      failed: this.#failedCount,
      all: keys.length,
      partitionKey: undefined,
    })
  }

  /** How many of the moments at which progress is reported have passed. */
  #milestone(): number {
    return Math.floor(((this.#doneCount + this.#failedCount) * mostReports) / this.#options.keys.length)
  }

  async #pause(): Promise<void> {
    if (performance.now() - this.#turnBegan < longestTurnMs) return
    await nextTurn()
    this.#turnBegan = performance.now()
  }

  #expectNoneFailed(): void {
    if (this.#cause === undefined) return
    const details = { failed: this.#failed, count: this.#failedCount, all: this.#options.keys.length }
    throw dagmaError('DAGMA_ITEMS_FAILED', details, this.#cause.error)
  }
}

/** Whether another system does not accept the credentials: each other item would be refused too. */
function isUnauthorized(error: unknown): boolean {
  return error instanceof ServiceError && error.status === 401
}

function expectCounts(counts: { readonly [option: string]: number }): void {
  for (const [option, count] of Object.entries(counts))
    if (!Number.isInteger(count) || count < 1) throw invalid(`${option} is ${String(count)}`)
}

/** The keys of items, in their order. @throws DAGMA_ITEMS_INVALID */
function itemKeys(list: readonly unknown[], key: (item: unknown) => string): string[] {
  const keys = list.map((item) => key(item))
  const nonText = keys.findIndex((one) => typeof one !== 'string')
  if (nonText >= 0) throw invalid(`the key of item ${nonText} is not text`)
  if (new Set(keys).size === keys.length) return keys
  const seen = new Set<string>()
  const second = keys.findIndex((one) => seen.size === seen.add(one).size)
  const repeated = keys[second] ?? ''
  throw invalid(`items ${keys.indexOf(repeated)} and ${second} have the same key "${repeated}"`)
}

function invalid(reason: string): Error {
  return dagmaError('DAGMA_ITEMS_INVALID', { reason })
}
