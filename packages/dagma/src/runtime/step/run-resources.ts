import type { OpenResource, Resource, ResourceContext } from '../../definitions/resource.ts'
import { dagmaError } from '../../errors.ts'
import { gateError, reasonOf } from '../gate/exit-gate.ts'
import { untilAborted } from './until-aborted.ts'

/** How long the resources of a run that is over have to close, all together, in milliseconds. */
const closeGraceMs = 10_000

type Opened = readonly [key: string, resource: OpenResource<unknown>]

/** The resources of one run: each opened once, when a step first needs it, and closed in reverse order at the run's end. */
export class RunResources {
  readonly #bound: ReadonlyMap<string, Resource<unknown>>
  readonly #context: ResourceContext
  readonly #opening = new Map<string, Promise<unknown>>()
  readonly #opened: Opened[] = []

  constructor(bound: ReadonlyMap<string, Resource<unknown>>, context: ResourceContext) {
    this.#bound = bound
    this.#context = context
  }

  /** Clients of these resources. @throws DAGMA_RESOURCE_FAILED when one cannot be opened. */
  async clients(keys: readonly string[]): Promise<Record<string, unknown>> {
    const clients = await Promise.all(keys.map((key) => this.#client(key)))
    return Object.fromEntries(keys.map((key, index) => [key, clients[index]]))
  }

  /**
   * Closes everything that was opened, even when closing one fails: that is logged. What has not even opened ten seconds after the run's end is left
   * behind, and so is what has not closed ten seconds later, with a warning: however the run ended, nothing keeps it from being over.
   */
  async close(): Promise<void> {
    const over = AbortSignal.abort()
    const opened = Promise.allSettled(this.#opening.values())
    await untilAborted(opened, over, closeGraceMs).catch(() => {
      const ready = new Set(this.#opened.map(([key]) => key))
      this.#leaveBehind([...this.#opening.keys()].filter((key) => !ready.has(key)))
    })
    const open = this.#opened.splice(0)
    await untilAborted(this.#closeInReverse(open), over, closeGraceMs).catch(() => this.#leaveBehind(open.map(([key]) => key)))
  }

  /** Removes from `open` what has been closed. */
  async #closeInReverse(open: Opened[]): Promise<void> {
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const [, { close }] = last
      try {
        await close()
      } catch (error) {
        this.#context.log.warning(`A resource could not be closed: ${gateError(error).message}`)
      }
      open.pop()
    }
  }

  #leaveBehind(keys: readonly string[]): void {
    this.#context.log.warning(`Resources did not open or close within ${closeGraceMs / 1000} s, and were abandoned: ${keys.join(', ')}.`)
  }

  #client(key: string): Promise<unknown> {
    const known = this.#opening.get(key)
    if (known !== undefined) return known
    const opening = this.#open(key)
    this.#opening.set(key, opening)
    opening.catch(() => this.#opening.delete(key)) // a step that is retried opens it again
    return opening
  }

  async #open(key: string): Promise<unknown> {
    const bound = this.#bound.get(key)
    if (bound === undefined)
      throw dagmaError('DAGMA_INTERNAL', { reason: `resource "${key}" was not validated when the definitions were loaded` })
    try {
      const opened = await bound.open(this.#context)
      this.#opened.push([key, opened])
      return opened.client
    } catch (error) {
      throw dagmaError('DAGMA_RESOURCE_FAILED', { resource: key, reason: reasonOf(error) }, error)
    }
  }
}
