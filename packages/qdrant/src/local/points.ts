import type { Distance, StoredId } from '../wire.ts'
import { best } from './best.ts'
import type { LocalCollection, LocalDatabase } from './database.ts'
import { asStoredId, type Matcher, matcher } from './matcher.ts'
import { parsePath, pick } from './payload-path.ts'
import { asArray, asObject, asWhole, badRequest, notLocal, onlyMembers, Refusal } from './refusal.ts'
import { fromBytes, measures, normOf, toBytes, vectorFor } from './vectors.ts'

/** The body of a request. */
type Body = { readonly [name: string]: unknown }

/** A point of an answer. */
interface AnswerPoint {
  readonly id: StoredId
  readonly score?: number
  readonly payload?: object
  readonly vector?: number[]
}

/** How many rows beyond those wanted SQL ranks by rounded distances, before the exact scores decide. */
const margin = 64

/** Stores points, over those of the same id. */
export function upsertPoints(db: LocalDatabase, { number, ...vectors }: LocalCollection, body: Body): object {
  onlyMembers(body, ['points'], 'upsert option')
  const points = asArray(body['points'], 'points').map((given) => checkedPoint(asObject(given, 'a point'), vectors))
  if (points.length === 0) throw badRequest('the list of points is empty')
  const insertPoint = db.statement(`INSERT INTO points_${number} (id, payload) VALUES (?, ?)`)
  const insertVector = db.statement(`INSERT INTO vectors_${number} (seq, vector, norm) VALUES (?, ?, ?)`)
  for (const { id, vector, payload } of points) {
    // A point that is written again goes to the end: equal scores are ordered by when they were written.
    remove(db, number, id)
    const { lastInsertRowid } = insertPoint.run(id, payload)
    insertVector.run(lastInsertRowid, toBytes(vector), normOf(vector))
  }
  return completed
}

/** The nearest points to a vector or to a stored point, by exact search. */
export function queryPoints(db: LocalDatabase, collection: LocalCollection, body: Body): object {
  onlyMembers(body, ['query', 'limit', 'offset', 'filter', 'score_threshold', 'with_payload', 'with_vector'], 'query option')
  const { number, distance } = collection
  const limit = atLeastOne(body['limit'] ?? 10)
  const offset = asWhole(body['offset'] ?? 0, 'offset')
  const { vector, self } = asked(db, collection, body['query'])
  const { order, higherIsNearer, score } = measures[distance]
  const { where, matches } = filtered(body['filter'], self === undefined ? undefined : (id) => id !== self)
  const sql = `SELECT seq FROM vectors_${number} ${where === '' ? '' : `JOIN points_${number} USING (seq)`} ${where} ORDER BY ${order}, seq LIMIT ?`
  const nearest = db.withMatcher(matches, () => db.statement(sql).all(toBytes(vector), limit + offset + margin))
  const vectorOf = db.statement(`SELECT vector FROM vectors_${number} WHERE seq = ?`)
  const ranked = nearest
    .map((row) => Number(row['seq']))
    .sort((a, b) => a - b)
    .map((seq) => {
      const value = Math.fround(score(vector, fromBytes(vectorOf.get(seq)?.['vector'] as Uint8Array)))
      return { seq, score: value, rank: higherIsNearer ? value : -value }
    })
  const hits = best(limit + offset, ranked)
    .slice(offset)
    .filter(withinThreshold(body['score_threshold'], distance))
  const read = reader(db, number, body, false)
  return { points: hits.map((hit) => ({ ...read(hit.seq), score: hit.score })) }
}

/** How many points meet the filter. */
export function countPoints(db: LocalDatabase, { number }: LocalCollection, body: Body): object {
  onlyMembers(body, ['exact', 'filter'], 'count option')
  const { where, matches } = filtered(body['filter'])
  return {
    count: Number(db.withMatcher(matches, () => db.statement(`SELECT count(*) AS count FROM points_${number} ${where}`).get())?.['count']),
  }
}

/** The points of these ids, in their order. */
export function retrievePoints(db: LocalDatabase, { number }: LocalCollection, body: Body): object {
  onlyMembers(body, ['ids', 'with_payload', 'with_vector'], 'option')
  const read = reader(db, number, body, true)
  const ids = new Set(asArray(body['ids'], 'ids').map(asStoredId))
  return [...ids].flatMap((id) => seqOf(db, number, id) ?? []).map(read)
}

/** A page of points in the order of their ids. */
export function scrollPoints(db: LocalDatabase, { number }: LocalCollection, body: Body): object {
  onlyMembers(body, ['limit', 'offset', 'filter', 'with_payload', 'with_vector'], 'scroll option')
  const limit = atLeastOne(body['limit'] ?? 10)
  const from = body['offset'] === undefined || body['offset'] === null ? 0 : asStoredId(body['offset'])
  const { where, matches } = filtered(body['filter'])
  const sql = `SELECT seq, id FROM points_${number} ${where === '' ? 'WHERE' : `${where} AND`} id >= ? ORDER BY id LIMIT ?`
  const rows = db.withMatcher(matches, () => db.statement(sql).all(from, limit + 1))
  const read = reader(db, number, body, true)
  return { points: rows.slice(0, limit).map((row) => read(Number(row['seq']))), next_page_offset: rows[limit]?.['id'] ?? null }
}

/** Removes points by their ids, or those that meet a filter. */
export function deletePoints(db: LocalDatabase, { number }: LocalCollection, body: Body): object {
  onlyMembers(body, ['points', 'filter'], 'delete option')
  if ('points' in body) {
    for (const id of asArray(body['points'], 'points').map(asStoredId)) remove(db, number, id)
    return completed
  }
  const { where, matches } = filtered(asObject(body['filter'], 'filter'))
  const rows = db.withMatcher(matches, () => db.statement(`SELECT id FROM points_${number} ${where}`).all())
  for (const row of rows) remove(db, number, row['id'] as StoredId)
  return completed
}

const completed = { status: 'completed' }

function checkedPoint(
  given: Body,
  vectors: Omit<LocalCollection, 'number'>,
): { id: StoredId; vector: Float32Array<ArrayBuffer>; payload: string | null } {
  onlyMembers(given, ['id', 'vector', 'payload'], 'member of a point')
  const payload = given['payload'] ?? undefined
  return {
    id: asStoredId(given['id']),
    vector: vectorFor(given['vector'], vectors),
    payload: payload === undefined ? null : JSON.stringify(asObject(payload, 'a payload')),
  }
}

function remove(db: LocalDatabase, number: number, id: StoredId): void {
  const seq = db.statement(`DELETE FROM points_${number} WHERE id = ? RETURNING seq`).get(id)?.['seq']
  if (seq !== undefined) db.statement(`DELETE FROM vectors_${number} WHERE seq = ?`).run(seq)
}

function seqOf(db: LocalDatabase, number: number, id: StoredId): number | undefined {
  const seq = db.statement(`SELECT seq FROM points_${number} WHERE id = ?`).get(id)?.['seq']
  return seq === undefined ? undefined : Number(seq)
}

/** What is asked for: a vector, or the point whose vector it is. */
function asked(db: LocalDatabase, collection: LocalCollection, query: unknown): { vector: Float32Array<ArrayBuffer>; self?: StoredId } {
  if (Array.isArray(query)) return { vector: vectorFor(query, collection) }
  if (typeof query !== 'number' && typeof query !== 'string') throw notLocal('query of this kind, only by a vector or an id')
  const self = asStoredId(query)
  const seq = seqOf(db, collection.number, self)
  if (seq === undefined)
    throw new Refusal(404, 'the point to start from does not exist', 'Query by a vector, or by the id of a stored point.')
  const stored = db.statement(`SELECT vector FROM vectors_${collection.number} WHERE seq = ?`).get(seq)
  return { vector: fromBytes(stored?.['vector'] as Uint8Array), self }
}

/** SQL and test of a filter, and of `also`. */
function filtered(filter: unknown, also?: (id: StoredId) => boolean): { where: string; matches: Matcher } {
  const meets = filter === undefined || filter === null ? undefined : matcher(filter)
  const matches: Matcher = (id, payload) => (also?.(id) ?? true) && (meets?.(id, payload) ?? true)
  return { where: meets === undefined && also === undefined ? '' : 'WHERE matches(id, payload)', matches }
}

function withinThreshold(threshold: unknown, distance: Distance): (hit: { score: number }) => boolean {
  if (threshold === undefined || threshold === null) return () => true
  if (typeof threshold !== 'number') throw badRequest('score_threshold must be a number')
  return measures[distance].higherIsNearer ? ({ score }) => score > threshold : ({ score }) => score < threshold
}

/** Reads a point with the parts that are wanted. `payload` says whether it comes when the request does not say. */
function reader(db: LocalDatabase, number: number, body: Body, payload: boolean): (seq: number) => AnswerPoint {
  const { with_payload: wanted = payload, with_vector: withVector = false } = body
  if (typeof withVector !== 'boolean') throw notLocal('named vectors')
  if (typeof wanted !== 'boolean' && !Array.isArray(wanted)) throw notLocal('payload selector, only true, false or a list of keys')
  const paths = Array.isArray(wanted) ? wanted.map(parsePath) : undefined
  return (seq) => {
    const row = db.statement(`SELECT id, payload, vector FROM points_${number} JOIN vectors_${number} USING (seq) WHERE seq = ?`).get(seq)
    const all = wanted === false ? {} : (JSON.parse(String(row?.['payload'] ?? '{}')) as object)
    return {
      id: row?.['id'] as StoredId,
      ...(wanted !== false && { payload: paths === undefined ? all : pick(all, paths) }),
      ...(withVector && { vector: [...fromBytes(row?.['vector'] as Uint8Array)] }),
    }
  }
}

function atLeastOne(limit: unknown): number {
  const whole = asWhole(limit, 'limit')
  if (whole === 0) throw new Refusal(422, 'limit must be 1 or larger')
  return whole
}
