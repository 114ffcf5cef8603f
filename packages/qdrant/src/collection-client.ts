import type { Metadata } from 'dagma'
import { batches, eachAtMost, type HttpCall, type HttpFailure, jsonLoss, lossText, ServiceError, traceOperation } from 'dagma/author'
import type {
  Qdrant,
  QdrantCollectionInfo,
  QdrantHit,
  QdrantOperation,
  QdrantPage,
  QdrantParts,
  QdrantPoint,
  QdrantQuery,
  QdrantRecord,
  QdrantScroll,
  QdrantSelection,
  QdrantVectors,
} from './client.ts'
import { type QdrantFilter, storedFilter } from './filter.ts'
import type { QdrantLinks } from './links.ts'
import { pointId } from './point-id.ts'
import { requestLimits, sizeBound } from './request-size.ts'
import type { Distance, PointId, StoredId, Wire, WirePoint } from './wire.ts'

/** What a client needs. */
export interface ClientOptions {
  readonly backend: Qdrant['backend']
  readonly collection: string
  readonly wire: Wire
  readonly links: QdrantLinks
  /** URL of the collection, for errors; empty with the local store. */
  readonly collectionUrl: string
}

const upsertsAtOnce = 4
/** How deep a payload may be. A server reads JSON of up to 128 levels, those of the request around it included. */
const deepestPayload = 100
const largestPoint = 30 * 1024 * 1024

/** A call to the collection. */
interface CollectionCall<Result> extends Omit<HttpCall, 'path' | 'expected'> {
  /** Path below the collection. Default: the collection itself. */
  readonly below?: string
  /** Results that stand for failed statuses which are expected. */
  readonly otherwise?: Readonly<Record<number, Result>>
  /** Whether the result has the form that is relied on. Default: any will do. */
  readonly fits?: (result: Result) => boolean
}

/** The client of both forms: it turns the interface's calls into requests of Qdrant's REST API, which `wire` answers. */
export class CollectionClient implements Qdrant {
  readonly backend: Qdrant['backend']
  readonly collection: string
  readonly #options: ClientOptions

  constructor(options: ClientOptions) {
    this.backend = options.backend
    this.collection = options.collection
    this.#options = options
  }

  links(): QdrantLinks {
    return this.#options.links
  }

  metadata(operation: QdrantOperation): Metadata {
    const { qdrant_collection_url, qdrant_search_endpoint } = this.links()
    const link = operation === 'query points' ? { qdrant_search_endpoint } : { qdrant_collection_url }
    return { backend: this.backend, operation, collection: this.collection, ...link }
  }

  async ensureCollection({ size, distance = 'Cosine' }: QdrantVectors): Promise<{ readonly created: boolean }> {
    const there = await this.#call<WireCollection | null>({ operation: 'read collection', method: 'GET', otherwise: { 404: null } })
    if (there === null) {
      const json = { vectors: { size, distance } }
      // Another process may make it at the same moment: then it exists (409), and is read.
      const created = await this.#call<boolean>({ operation: 'create collection', method: 'PUT', json, otherwise: { 409: false } })
      if (created) return { created }
    }
    const found = vectorsOf(there ?? (await this.#call<WireCollection>({ operation: 'read collection', method: 'GET' })))
    if (found?.size === size && found.distance === distance) return { created: false }
    const has = found === undefined ? 'named vectors' : `vectors of size ${found.size} and distance ${found.distance}`
    throw this.#failure({
      operation: 'ensure collection',
      method: 'PUT',
      status: 409,
      reason: `collection "${this.collection}" exists with ${has}, not with size ${size} and distance ${distance}`,
      hint: this.#otherVectorsHint(),
    })
  }

  async upsert(points: readonly QdrantPoint[]): Promise<{ readonly points: number; readonly batches: number }> {
    const byId = new Map<StoredId, WirePoint>()
    for (const point of points) {
      const checked = this.#checkedPoint(point)
      // Deleted first, so that the order is that of the last writes.
      byId.delete(checked.id)
      byId.set(checked.id, checked)
    }
    let sent = 0
    await eachAtMost(upsertsAtOnce, batches(byId.values(), sizeBound, requestLimits), async (batch) => {
      await this.#call({ operation: 'upsert points', method: 'PUT', below: '/points', query: { wait: 'true' }, json: { points: batch } })
      sent += 1
    })
    return { points: byId.size, batches: sent }
  }

  async query({ vector, id, limit = 10, offset = 0, filter, scoreThreshold, ...parts }: QdrantQuery): Promise<QdrantHit[]> {
    const operation = 'query points'
    if ((vector === undefined) === (id === undefined)) {
      throw this.#failure({ operation, method: 'POST', reason: 'a query needs either a vector or an id', hint: 'Pass one of them.' })
    }
    const json = {
      query: vector === undefined ? this.#ids(operation, [id as PointId])[0] : this.#finite(operation, vector),
      limit,
      ...(offset !== 0 && { offset }),
      ...(scoreThreshold !== undefined && { score_threshold: scoreThreshold }),
      ...this.#filter(operation, filter),
      ...wireParts(parts),
    }
    const find = async (): Promise<QdrantHit[]> => {
      const { points } = await this.#read<{ points: QdrantHit[] }>(operation, '/points/query', json, ({ points }) => Array.isArray(points))
      return points.map((point) => ({ ...record(point), score: point.score }))
    }
    const facts = { backend: this.backend, collection: this.collection, limit }
    return traceOperation({ kind: 'retrieval', name: 'find points', system: 'qdrant', facts }, find, (hits) => ({
      documents: hits.map(({ id, score }) => ({ id: String(id), score })),
      facts: { returned: hits.length },
      output: () => hits.map(({ payload = {} }) => payload),
    }))
  }

  async count({ filter }: { readonly filter?: QdrantFilter } = {}): Promise<number> {
    const json = { exact: true, ...this.#filter('count points', filter) }
    return (await this.#read<{ count: number }>('count points', '/points/count', json, ({ count }) => Number.isSafeInteger(count))).count
  }

  async retrieve(ids: readonly PointId[], parts: QdrantParts = {}): Promise<QdrantRecord[]> {
    if (ids.length === 0) return []
    const json = { ids: this.#ids('retrieve points', ids), ...wireParts(parts) }
    return (await this.#read<QdrantRecord[]>('retrieve points', '/points', json, Array.isArray)).map(record)
  }

  async scroll({ limit = 100, from, filter, ...parts }: QdrantScroll = {}): Promise<QdrantPage> {
    const operation = 'scroll points'
    const json = {
      limit,
      ...(from !== undefined && { offset: this.#ids(operation, [from])[0] }),
      ...this.#filter(operation, filter),
      ...wireParts(parts),
    }
    const page = await this.#read<{ points: QdrantRecord[]; next_page_offset?: StoredId | null }>(
      operation,
      '/points/scroll',
      json,
      ({ points }) => Array.isArray(points),
    )
    const next = page.next_page_offset ?? undefined
    return { points: page.points.map(record), ...(next !== undefined && { next }) }
  }

  async delete(selection: QdrantSelection): Promise<void> {
    const operation = 'delete points'
    if ('ids' in selection && selection.ids.length === 0) return
    const json = 'ids' in selection ? { points: this.#ids(operation, selection.ids) } : this.#filter(operation, selection.filter)
    await this.#call({ operation, method: 'POST', below: '/points/delete', query: { wait: 'true' }, json, idempotent: true })
  }

  deleteCollection(): Promise<boolean> {
    // Not tried again after a lost answer: the second answer would be that there was none.
    return this.#call<boolean>({ operation: 'delete collection', method: 'DELETE', idempotent: false })
  }

  async collectionInfo(): Promise<QdrantCollectionInfo> {
    const operation = 'read collection'
    const info = await this.#call<WireCollection>({ operation, method: 'GET' })
    const vectors = vectorsOf(info)
    if (vectors !== undefined) return { ...vectors, status: info.status }
    throw this.#failure({
      operation,
      method: 'GET',
      reason: `collection "${this.collection}" has named vectors`,
      hint: 'Use a collection with one unnamed vector per point.',
    })
  }

  /** A request that only reads: it may be sent again whatever happens. */
  #read<Result>(operation: string, below: string, json: object, fits: (result: Result) => boolean): Promise<Result> {
    return this.#call<Result>({ operation, method: 'POST', below, json, idempotent: true, fits })
  }

  async #call<Result>({ below = '', otherwise = {}, fits = () => true, ...call }: CollectionCall<Result>): Promise<Result> {
    const answer = await this.#options.wire.json<{ result?: Result }>({
      ...call,
      path: `collections/${encodeURIComponent(this.collection)}${below}`,
      expected: ({ status, answer }) => {
        const result = otherwise[status]
        if (result !== undefined) return { result }
        const sizes = wrongSize(answer)
        if (sizes === undefined) return undefined
        throw this.#failure({
          ...call,
          url: this.#url(below),
          status,
          reason: `a vector has ${sizes.got} numbers, but those of collection "${this.collection}" have ${sizes.expected}`,
          hint: `Use the same embedding model for what is stored and what is asked. Has the model changed? ${this.#otherVectorsHint()}`,
        })
      },
    })
    const result = answer?.result
    if (result !== undefined && (result === null || fits(result))) return result
    throw this.#failure({
      ...call,
      url: this.#url(below),
      reason: 'the answer does not have the form of a Qdrant answer',
      hint: 'Check that the url or host is that of a Qdrant server, 1.10 or newer.',
    })
  }

  #checkedPoint({ id, vector, payload }: QdrantPoint): WirePoint {
    const operation = 'upsert points'
    const [stored] = this.#ids(operation, [id], 'PUT') as [StoredId]
    const point = { id: stored, vector: this.#finite(operation, vector, 'PUT'), ...(payload !== undefined && { payload }) }
    const loss = jsonLoss(payload, { deepest: deepestPayload, negativeZero: true, unsafe: true })
    if (loss !== undefined)
      throw this.#failure({
        operation,
        method: 'PUT',
        reason: `a payload cannot be stored: ${lossText(loss)}`,
        hint: 'Convert it to plain JSON data first, or use null.',
      })
    if (sizeBound(point) > largestPoint)
      throw this.#failure({
        operation,
        method: 'PUT',
        reason: 'a point is larger than the 30 MiB that a request can carry',
        hint: 'Keep large texts elsewhere, and a reference to them in the payload.',
      })
    return point
  }

  #ids(operation: string, ids: readonly PointId[], method: HttpCall['method'] = 'POST'): StoredId[] {
    try {
      return ids.map(pointId)
    } catch (error) {
      throw this.#failure(
        {
          operation,
          method,
          reason: 'an id is neither a string nor a whole number up to 2^53 − 1',
          hint: 'Give large numbers as strings.',
        },
        error,
      )
    }
  }

  #finite(operation: string, vector: readonly number[], method: HttpCall['method'] = 'POST'): readonly number[] {
    if (vector.every(Number.isFinite)) return vector
    throw this.#failure({
      operation,
      method,
      reason: 'a vector has a number that is not finite',
      hint: 'Check what the embedding model gave.',
    })
  }

  #filter(operation: string, filter: QdrantFilter | undefined): { filter?: QdrantFilter } {
    if (filter === undefined) return {}
    try {
      return { filter: storedFilter(filter) }
    } catch (error) {
      throw this.#failure(
        {
          operation,
          method: 'POST',
          reason: 'the filter has an id that is neither a string nor a whole number up to 2^53 − 1',
          hint: 'Give large numbers as strings.',
        },
        error,
      )
    }
  }

  /** How to go on when the collection was filled by another embedding model, or by another version of one. */
  #otherVectorsHint(): string {
    const remove = this.backend === 'local' ? 'Delete the folder .dagma/qdrant-local of the project' : 'Delete this collection'
    return `${remove}, or name another collection (QDRANT_COLLECTION), and materialize again the assets that embed and that fill it.`
  }

  #failure(failure: Omit<HttpFailure, 'system' | 'url'> & { url?: string }, cause?: unknown): ServiceError {
    const { operation, method, status, reason, hint, url = this.#url('') } = failure
    return new ServiceError({ system: 'Qdrant', operation, method, url, reason, hint, ...(status !== undefined && { status }) }, cause)
  }

  #url(below: string): string {
    const url = this.#options.collectionUrl
    return url === '' ? '' : `${url}${below}`
  }
}

/** What is read of a collection's description. */
interface WireCollection {
  readonly status: string
  readonly config: { readonly params: { readonly vectors?: { readonly size?: unknown; readonly distance?: unknown } } }
}

/** Undefined when the collection has named vectors, or none. */
function vectorsOf(collection: WireCollection): { size: number; distance: Distance } | undefined {
  const { size, distance } = collection.config?.params?.vectors ?? {}
  return typeof size === 'number' ? { size, distance: distance as Distance } : undefined
}

function wireParts({ withPayload = true, withVector = false }: QdrantParts): object {
  return { with_payload: withPayload, with_vector: withVector }
}

/** A point of an answer, without what this interface does not give. */
function record({ id, payload, vector }: QdrantRecord): QdrantRecord {
  return { id, ...(payload !== undefined && payload !== null && { payload }), ...(vector !== undefined && vector !== null && { vector }) }
}

/** The numbers in Qdrant's message about a vector of another size. Nothing else of an answer gets into an error. */
function wrongSize(answer: unknown): { expected: string; got: string } | undefined {
  const text = (answer as { status?: { error?: unknown } } | null | undefined)?.status?.error
  const [, expected, got] = (typeof text === 'string' && /dimension error: expected dim: (\d{1,9}), got (\d{1,9})/.exec(text)) || []
  return expected === undefined || got === undefined ? undefined : { expected, got }
}
