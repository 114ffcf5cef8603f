import type { Metadata } from 'dagma'
import { batches, eachAtMost, traceOperation } from 'dagma/author'
import { type CollectionAccess, CollectionCalls, type Refuse } from './calls.ts'
import type {
  QdrantHit,
  QdrantOperation,
  QdrantPage,
  QdrantPoint,
  QdrantPoints,
  QdrantRecord,
  QdrantScroll,
  QdrantSelection,
} from './client.ts'
import type { QdrantFilter } from './filter.ts'
import type { QdrantLinks } from './links.ts'
import { checkedPoint, storedIds, wireFilter } from './point-check.ts'
import type { QdrantParts, QdrantQuery } from './query.ts'
import { type AnyQuery, queryBody } from './query-body.ts'
import { requestLimits, sizeBound } from './request-size.ts'
import type { QdrantSchema, VectorKinds } from './schema.ts'
import { kindOf } from './vector-check.ts'
import type { PointId, StoredId, WirePoint } from './wire.ts'

/** The dependencies of a client. */
export interface ClientOptions extends CollectionAccess {
  readonly links: QdrantLinks
}

const upsertsAtOnce = 4

/** The client of both forms: it turns the interface's calls into requests of Qdrant's REST API, which a server or the local store answers. */
export class PointsClient<Schema extends QdrantSchema> implements QdrantPoints<Schema> {
  readonly backend: QdrantPoints['backend']
  readonly collection: string
  protected readonly calls: CollectionCalls
  readonly #links: QdrantLinks
  readonly #kinds: VectorKinds

  /** `kinds` are those of the declaration. */
  constructor({ links, ...access }: ClientOptions, kinds: VectorKinds) {
    this.backend = access.backend
    this.collection = access.collection
    this.calls = new CollectionCalls(access)
    this.#links = links
    this.#kinds = kinds
  }

  links(): QdrantLinks {
    return this.#links
  }

  metadata(operation: QdrantOperation): Metadata {
    const { qdrant_collection_url, qdrant_search_endpoint } = this.#links
    const link = operation === 'query points' ? { qdrant_search_endpoint } : { qdrant_collection_url }
    return { backend: this.backend, operation, collection: this.collection, ...link }
  }

  async upsert(points: readonly QdrantPoint<Schema>[]): Promise<{ readonly points: number; readonly batches: number }> {
    const operation = 'upsert points'
    const refuse = this.calls.refuse(operation, 'PUT')
    const byId = new Map<StoredId, WirePoint>()
    for (const point of points) {
      const checked = checkedPoint(point, this.#kinds, refuse)
      // Deleted first, so that the order is that of the last writes.
      byId.delete(checked.id)
      byId.set(checked.id, checked)
    }
    let sent = 0
    await eachAtMost(upsertsAtOnce, batches(byId.values(), sizeBound, requestLimits), async (batch) => {
      await this.calls.send({ operation, method: 'PUT', below: '/points', query: { wait: 'true' }, json: { points: batch } })
      sent += 1
    })
    return { points: byId.size, batches: sent }
  }

  async query({ withPayload, withVector, ...query }: QdrantQuery<Schema>): Promise<QdrantHit<Schema>[]> {
    const operation = 'query points'
    const refuse = this.calls.refuse(operation)
    const json = {
      ...queryBody(query as AnyQuery, this.#kinds, refuse),
      ...this.#parts({ withPayload, withVector }, refuse),
    }
    const find = async (): Promise<QdrantHit<Schema>[]> => {
      const { points } = await this.calls.read<{ points: QdrantHit<Schema>[] }>(operation, '/points/query', json, ({ points }) =>
        Array.isArray(points),
      )
      return points.map((point) => ({ ...record(point), score: point.score }))
    }
    const facts = { backend: this.backend, collection: this.collection, limit: query.limit ?? 10 }
    return traceOperation({ kind: 'retrieval', name: 'find points', system: 'qdrant', facts }, find, (hits) => ({
      documents: hits.map(({ id, score }) => ({ id: String(id), score })),
      facts: { returned: hits.length },
      output: () => hits.map(({ payload = {} }) => payload),
    }))
  }

  async count({ filter }: { readonly filter?: QdrantFilter } = {}): Promise<number> {
    const operation = 'count points'
    const json = { exact: true, ...wireFilter(filter, this.calls.refuse(operation)) }
    return (await this.calls.read<{ count: number }>(operation, '/points/count', json, ({ count }) => Number.isSafeInteger(count))).count
  }

  async retrieve(ids: readonly PointId[], parts: QdrantParts<Schema> = {}): Promise<QdrantRecord<Schema>[]> {
    if (ids.length === 0) return []
    const operation = 'retrieve points'
    const refuse = this.calls.refuse(operation)
    const json = { ids: storedIds(ids, refuse), ...this.#parts(parts, refuse) }
    return (await this.calls.read<QdrantRecord<Schema>[]>(operation, '/points', json, Array.isArray)).map(record<Schema>)
  }

  async scroll({ limit = 100, from, filter, ...parts }: QdrantScroll<Schema> = {}): Promise<QdrantPage<Schema>> {
    const operation = 'scroll points'
    const refuse = this.calls.refuse(operation)
    const json = {
      limit,
      ...(from !== undefined && { offset: storedIds([from], refuse)[0] }),
      ...wireFilter(filter, refuse),
      ...this.#parts(parts, refuse),
    }
    const page = await this.calls.read<{ points: QdrantRecord<Schema>[]; next_page_offset?: StoredId | null }>(
      operation,
      '/points/scroll',
      json,
      ({ points }) => Array.isArray(points),
    )
    const next = page.next_page_offset ?? undefined
    return { points: page.points.map(record<Schema>), ...(next !== undefined && { next }) }
  }

  async delete(selection: QdrantSelection): Promise<void> {
    const operation = 'delete points'
    if ('ids' in selection && selection.ids.length === 0) return
    const refuse = this.calls.refuse(operation)
    const json = 'ids' in selection ? { points: storedIds(selection.ids, refuse) } : wireFilter(selection.filter, refuse)
    await this.calls.send({ operation, method: 'POST', below: '/points/delete', query: { wait: 'true' }, json, idempotent: true })
  }

  deleteCollection(): Promise<boolean> {
    // Not retried after a lost answer: the second answer would be that there was none.
    return this.calls.send<boolean>({ operation: 'delete collection', method: 'DELETE', idempotent: false })
  }

  #parts({ withPayload = true, withVector = false }: { withPayload?: unknown; withVector?: unknown }, refuse: Refuse): object {
    if (Array.isArray(withVector)) for (const name of withVector) kindOf(name, this.#kinds, refuse)
    return { with_payload: withPayload, with_vector: withVector }
  }
}

/** A point of an answer, without what this interface does not give. */
function record<Schema extends QdrantSchema>({ id, payload, vector }: QdrantRecord<Schema>): QdrantRecord<Schema> {
  return { id, ...(payload !== undefined && payload !== null && { payload }), ...(vector !== undefined && vector !== null && { vector }) }
}
