import type { StoredId } from '../wire.ts'
import type { LocalCollection, LocalDatabase } from './database.ts'
import { asStoredId, matcher } from './matcher.ts'
import { parsePath, pick } from './payload-path.ts'
import { asArray, asObject, asWhole, badRequest, notLocal, onlyMembers } from './refusal.ts'
import { insertVectors, type PointVectors, pointVectors, removePoint, seqOf, vectorReader } from './rows.ts'
import { atLeastOne, Search } from './search.ts'

/** The body of a request. */
type Body = { readonly [name: string]: unknown }

/** A point of an answer. */
interface AnswerPoint {
  readonly id: StoredId
  readonly score?: number
  readonly payload?: object
  readonly vector?: object
}

/** Stores points, over those of the same id. */
export function upsertPoints(db: LocalDatabase, collection: LocalCollection, body: Body): object {
  onlyMembers(body, ['points'], 'upsert option')
  const points = asArray(body['points'], 'points').map((given) => checkedPoint(asObject(given, 'a point'), collection))
  if (points.length === 0) throw badRequest('the list of points is empty')
  const insertPoint = db.statement(`INSERT INTO ${collection.points} (id, payload) VALUES (?, ?)`)
  for (const { id, vectors, payload } of points) {
    // A point that is written again goes to the end: equal scores are ordered by when they were written.
    removePoint(db, collection, id)
    insertVectors(db, collection, insertPoint.run(id, payload).lastInsertRowid, vectors)
  }
  return completed
}

/** The points that a query finds, best first. */
export function queryPoints(db: LocalDatabase, collection: LocalCollection, body: Body): object {
  const members = ['query', 'using', 'prefetch', 'limit', 'offset', 'filter', 'score_threshold', 'with_payload', 'with_vector']
  onlyMembers(body, members, 'query option')
  const offset = asWhole(body['offset'] ?? 0, 'offset')
  const found = new Search(db, collection).find(body, atLeastOne(body['limit'] ?? 10) + offset)
  const read = reader(db, collection, body, false)
  return { points: found.slice(offset).map(({ seq, score }) => ({ ...read(seq), score })) }
}

/** How many points meet the filter. */
export function countPoints(db: LocalDatabase, { points }: LocalCollection, body: Body): object {
  onlyMembers(body, ['exact', 'filter'], 'count option')
  return { count: Number(filtered(db, { sql: `SELECT count(*) AS count FROM ${points}`, filter: body['filter'] })[0]?.['count']) }
}

/** The points of these ids, in their order. */
export function retrievePoints(db: LocalDatabase, collection: LocalCollection, body: Body): object {
  onlyMembers(body, ['ids', 'with_payload', 'with_vector'], 'option')
  const ids = new Set(asArray(body['ids'], 'ids').map(asStoredId))
  return [...ids].flatMap((id) => seqOf(db, collection, id) ?? []).map(reader(db, collection, body, true))
}

/** A page of points in the order of their ids. */
export function scrollPoints(db: LocalDatabase, collection: LocalCollection, body: Body): object {
  onlyMembers(body, ['limit', 'offset', 'filter', 'with_payload', 'with_vector'], 'scroll option')
  const limit = atLeastOne(body['limit'] ?? 10)
  const from = body['offset'] === undefined || body['offset'] === null ? 0 : asStoredId(body['offset'])
  const sql = `SELECT seq, id FROM ${collection.points} WHERE id >= ?`
  const rows = filtered(db, { sql, filter: body['filter'], tail: 'ORDER BY id LIMIT ?', values: [from, limit + 1] })
  const read = reader(db, collection, body, true)
  return { points: rows.slice(0, limit).map((row) => read(Number(row['seq']))), next_page_offset: rows[limit]?.['id'] ?? null }
}

/** Removes points by their ids, or those that meet a filter. */
export function deletePoints(db: LocalDatabase, collection: LocalCollection, body: Body): object {
  onlyMembers(body, ['points', 'filter'], 'delete option')
  const ids =
    'points' in body
      ? asArray(body['points'], 'points').map(asStoredId)
      : filtered(db, { sql: `SELECT id FROM ${collection.points}`, filter: asObject(body['filter'], 'filter') }).map(
          (row) => row['id'] as StoredId,
        )
  for (const id of ids) removePoint(db, collection, id)
  return completed
}

const completed = { status: 'completed' }

function checkedPoint(given: Body, collection: LocalCollection): { id: StoredId; vectors: PointVectors; payload: string | null } {
  onlyMembers(given, ['id', 'vector', 'payload'], 'member of a point')
  const payload = given['payload'] ?? undefined
  return {
    id: asStoredId(given['id']),
    vectors: pointVectors(collection, given['vector']),
    payload: payload === undefined ? null : JSON.stringify(asObject(payload, 'a payload')),
  }
}

/** A statement on points. */
interface Statement {
  /** Up to its conditions, of which it may have some. */
  readonly sql: string
  readonly filter: unknown
  /** The end of the statement, after the conditions. */
  readonly tail?: string
  readonly values?: readonly (number | string)[]
}

/** The rows of a statement that meet its filter. */
function filtered(db: LocalDatabase, { sql, filter, tail = '', values = [] }: Statement): { readonly [column: string]: unknown }[] {
  const meets = filter === undefined || filter === null ? undefined : matcher(filter)
  const condition = meets === undefined ? '' : `${sql.includes(' WHERE ') ? 'AND' : 'WHERE'} matches(id, payload)`
  return db.withMatcher(meets ?? (() => true), () => db.statement(`${sql} ${condition} ${tail}`).all(...values))
}

/** Reads a point with the parts that are wanted. `payload` says whether it comes when the request does not say. */
function reader(db: LocalDatabase, collection: LocalCollection, body: Body, payload: boolean): (seq: number) => AnswerPoint {
  const { with_payload: wanted = payload, with_vector: withVector = false } = body
  if (typeof wanted !== 'boolean' && !Array.isArray(wanted)) throw notLocal('payload selector, only true, false or a list of keys')
  const paths = Array.isArray(wanted) ? wanted.map(parsePath) : undefined
  const vectorOf = vectorReader(db, collection, withVector)
  return (seq) => {
    const row = db.statement(`SELECT id, payload FROM ${collection.points} WHERE seq = ?`).get(seq)
    const all = wanted === false ? {} : (JSON.parse(String(row?.['payload'] ?? '{}')) as object)
    return {
      id: row?.['id'] as StoredId,
      ...(wanted !== false && { payload: paths === undefined ? all : pick(all, paths) }),
      ...vectorOf(seq),
    }
  }
}
