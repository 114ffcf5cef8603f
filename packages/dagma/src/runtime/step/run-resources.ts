import type { OpenResource, Resource, ResourceContext } from '../../definitions/resource.ts'
import { dagmaError } from '../../errors.ts'
import { gateError } from '../gate/exit-gate.ts'

/** The resources of one run: each opened once, when a step first needs it, and closed in reverse order at the run's end. */
export class RunResources {
  readonly #bound: ReadonlyMap<string, Resource<unknown>>
  readonly #context: ResourceContext
  readonly #opening = new Map<string, Promise<unknown>>()
  readonly #opened: OpenResource<unknown>[] = []

  constructor(bound: ReadonlyMap<string, Resource<unknown>>, context: ResourceContext) {
    this.#bound = bound
    this.#context = context
  }

  /** Clients of these resources. @throws DAGMA_RESOURCE_FAILED when one cannot be opened. */
  async clients(keys: readonly string[]): Promise<Record<string, unknown>> {
    const clients = await Promise.all(keys.map((key) => this.#client(key)))
    return Object.fromEntries(keys.map((key, index) => [key, clients[index]]))
  }

  /** Closes all that was opened, even when closing one fails: that is logged. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#opening.values())
    for (const { close } of this.#opened.splice(0).reverse()) {
      try {
        await close()
      } catch (error) {
        this.#context.log.warning(`A resource could not be closed: ${gateError(error).message}`)
      }
    }
  }

  #client(key: string): Promise<unknown> {
    const known = this.#opening.get(key)
    if (known !== undefined) return known
    const opening = this.#open(key)
    this.#opening.set(key, opening)
    opening.catch(() => this.#opening.delete(key)) // a step that is tried again opens it again
    return opening
  }

  async #open(key: string): Promise<unknown> {
    const bound = this.#bound.get(key)
    if (bound === undefined) throw dagmaError('DAGMA_INTERNAL', { reason: `the resource "${key}" was not checked when definitions loaded` })
    try {
      const opened = await bound.open(this.#context)
      this.#opened.push(opened)
      return opened.client
    } catch (error) {
      throw dagmaError(
        'DAGMA_RESOURCE_FAILED',
        { resource: key, reason: error instanceof Error ? error.message : 'it threw no Error' },
        error,
      )
    }
  }
}
