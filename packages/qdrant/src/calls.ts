import { type HttpCall, type HttpFailure, ServiceError } from 'dagma/author'
import type { Wire } from './wire.ts'

/** Where a collection is, and how to reach it. */
export interface CollectionAccess {
  readonly backend: 'qdrant' | 'local'
  /** Its name in Qdrant. */
  readonly collection: string
  readonly wire: Wire
  /** URL of the collection, for errors; empty with the local store. */
  readonly collectionUrl: string
  /** How another collection can be named: a hint of errors, as in "name another collection (QDRANT_COLLECTION)". */
  readonly renamed: string
}

/** A call to the collection. */
interface CollectionCall<Result> extends Omit<HttpCall, 'path' | 'expected'> {
  /** Path below the collection. Default: the collection itself. */
  readonly below?: string
  /** Results that stand for failed statuses which are expected. */
  readonly otherwise?: Readonly<Record<number, Result>>
  /** Whether the result has the form that is relied on. Default: any will do. */
  readonly fits?: (result: Result) => boolean
}

/** Makes the error of a request that is found wrong before it is sent. */
export type Refuse = (reason: string, hint: string, cause?: unknown) => ServiceError

/** The requests to one collection, and the errors that come of them. */
export class CollectionCalls {
  readonly #access: CollectionAccess

  constructor(access: CollectionAccess) {
    this.#access = access
  }

  /** A request that only reads: it may be sent again whatever happens. */
  read<Result>(operation: string, below: string, json: object, fits: (result: Result) => boolean): Promise<Result> {
    return this.send<Result>({ operation, method: 'POST', below, json, idempotent: true, fits })
  }

  /** The result of an answer. @throws ServiceError */
  async send<Result>({ below = '', otherwise = {}, fits = () => true, ...call }: CollectionCall<Result>): Promise<Result> {
    const { collection, wire } = this.#access
    const answer = await wire.json<{ result?: Result }>({
      ...call,
      path: `collections/${encodeURIComponent(collection)}${below}`,
      expected: ({ status, answer }) => {
        const result = otherwise[status]
        if (result !== undefined) return { result }
        const sizes = wrongSize(answer)
        if (sizes === undefined) return undefined
        throw this.failure({
          ...call,
          url: this.#url(below),
          status,
          reason: `a vector has ${sizes.got} numbers, but those of collection "${collection}" have ${sizes.expected}`,
          hint: `Use the same embedding model for what is stored and what is asked. Has the model changed? ${this.otherVectorsHint()}`,
        })
      },
    })
    const result = answer?.result
    if (result !== undefined && (result === null || fits(result))) return result
    throw this.failure({
      ...call,
      url: this.#url(below),
      reason: 'the answer does not have the form of a Qdrant answer',
      hint: 'Check that the url or host is that of a Qdrant server, 1.10 or newer.',
    })
  }

  /** Makes the errors of this operation, for what is wrong before anything is sent. */
  refuse(operation: string, method: HttpCall['method'] = 'POST'): Refuse {
    return (reason, hint, cause) => this.failure({ operation, method, reason, hint }, cause)
  }

  /** The error of a call. */
  failure(failure: Omit<HttpFailure, 'system' | 'url'> & { url?: string }, cause?: unknown): ServiceError {
    const { operation, method, status, reason, hint, url = this.#url('') } = failure
    return new ServiceError({ system: 'Qdrant', operation, method, url, reason, hint, ...(status !== undefined && { status }) }, cause)
  }

  /** How to continue when the collection was filled by another embedding model, or by another version of one. */
  otherVectorsHint(): string {
    const remove = this.#access.backend === 'local' ? 'Delete the folder .dagma/qdrant-local of the project' : 'Delete this collection'
    return `${remove}, or name another collection (${this.#access.renamed}), and materialize again the assets that embed and that fill it.`
  }

  #url(below: string): string {
    const url = this.#access.collectionUrl
    return url === '' ? '' : `${url}${below}`
  }
}

/** The numbers in Qdrant's message about a vector of another size. Nothing else of an answer gets into an error. */
function wrongSize(answer: unknown): { expected: string; got: string } | undefined {
  const text = (answer as { status?: { error?: unknown } } | null | undefined)?.status?.error
  const [, expected, got] = (typeof text === 'string' && /dimension error: expected dim: (\d{1,9}), got (\d{1,9})/.exec(text)) || []
  return expected === undefined || got === undefined ? undefined : { expected, got }
}
