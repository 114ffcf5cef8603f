import type { StoredId } from '../wire.ts'
import { best, type Ranked } from './best.ts'
import type { DenseVectors, LocalCollection, LocalDatabase, SparseVectors } from './database.ts'
import { type Found, fusionOf } from './fusion.ts'
import { asStoredId, type Matcher, matcher } from './matcher.ts'
import { asObject, asWhole, badRequest, notLocal, onlyMembers, Refusal } from './refusal.ts'
import { storedVector, vectorsOf } from './rows.ts'
import { inverseFrequency, type SparseVector, sparseFor } from './sparse.ts'
import { fromBytes, measures, toBytes, vectorFor } from './vectors.ts'

/** The body of a query, or of a prefetch in it. */
type Body = { readonly [name: string]: unknown }

/** Which points may be found: those that meet a test, or these. Default: all. */
interface Scope {
  readonly matches?: Matcher
  readonly among?: readonly number[]
}

const prefetchMembers = ['query', 'using', 'prefetch', 'limit', 'filter', 'score_threshold']

/** How many rows beyond those wanted SQL ranks by rounded distances, before the exact scores decide. */
const margin = 64

/** Exact search in a collection. */
export class Search {
  readonly #db: LocalDatabase
  readonly #collection: LocalCollection

  constructor(db: LocalDatabase, collection: LocalCollection) {
    this.#db = db
    this.#collection = collection
  }

  /** The `limit` best points of a query. `around` are the tests of the queries around it, which they have to meet as well. */
  find(body: Body, limit: number, around: readonly Matcher[] = []): Found[] {
    const { query, filter, score_threshold: threshold } = body
    if (threshold !== undefined && threshold !== null && typeof threshold !== 'number') throw badRequest('score_threshold must be a number')
    const self = typeof query === 'number' || typeof query === 'string' ? asStoredId(query) : undefined
    const tests = [
      ...around,
      ...(filter === undefined || filter === null ? [] : [matcher(filter)]),
      ...(self === undefined ? [] : [(id: unknown) => id !== self]),
    ]
    const lists = prefetchesOf(body).map((inner) => {
      onlyMembers(inner, prefetchMembers, 'prefetch option')
      return this.find(inner, atLeastOne(inner['limit'] ?? 10), tests)
    })
    const fuse = fusionOf(query)
    if (fuse !== undefined) {
      if (lists.length === 0) throw badRequest('a fusion needs a prefetch')
      const least = threshold ?? Number.NEGATIVE_INFINITY
      return fuse(lists)
        .filter(({ score }) => score >= least)
        .slice(0, limit)
    }
    const vectors = vectorsOf(this.#collection, body['using'] ?? '')
    const vector = self === undefined ? query : storedVector(this.#db, this.#collection, vectors, self)
    if (typeof vector !== 'object' || vector === null) throw notLocal('query of this kind, only by a vector, an id or a fusion')
    const scope = lists.length > 0 ? { among: unique(lists.flat()) } : tests.length > 0 ? { matches: allOf(tests) } : {}
    const ranked =
      vectors.kind === 'dense'
        ? this.#rankDense(vectors, vectorFor(vector, vectors), limit, scope)
        : this.#rankSparse(vectors, sparseFor(vector), scope)
    return best(limit, ranked).filter(({ score }) => isBetter(vectors, score, threshold))
  }

  /** Enough of the nearest points by dense vectors, in the order in which they were written. */
  #rankDense(
    { table, distance }: DenseVectors,
    vector: Float32Array<ArrayBuffer>,
    limit: number,
    { matches, among }: Scope,
  ): (Found & Ranked)[] {
    const { order, higherIsNearer, score } = measures[distance]
    const nearest = (): number[] => {
      const where = matches === undefined ? '' : `JOIN ${this.#collection.points} USING (seq) WHERE matches(id, payload)`
      const sql = `SELECT seq FROM ${table} ${where} ORDER BY ${order}, seq LIMIT ?`
      const rows = this.#db.withMatcher(matches ?? all, () => this.#db.statement(sql).all(toBytes(vector), limit + margin))
      return rows.map((row) => Number(row['seq']))
    }
    const vectorOf = this.#db.statement(`SELECT vector FROM ${table} WHERE seq = ?`)
    return inOrder(among ?? nearest()).flatMap((seq) => {
      const row = vectorOf.get(seq)
      if (row === undefined) return []
      const value = Math.fround(score(vector, fromBytes(row['vector'] as Uint8Array)))
      return { seq, score: value, rank: higherIsNearer ? value : -value }
    })
  }

  /** All points that have an index of the sparse vector, in the order in which they were written. */
  #rankSparse(
    { table, postings, modifier }: SparseVectors,
    { indices, values }: SparseVector,
    { matches, among }: Scope,
  ): (Found & Ranked)[] {
    const stored = Number(this.#db.statement(`SELECT count(*) AS count FROM ${table}`).get()?.['count'])
    const having = this.#db.statement(`SELECT seq, weight FROM ${postings} WHERE place = ?`)
    const scores = new Map<number, number>()
    for (const [at, place] of indices.entries()) {
      const rows = having.all(place)
      const value = Math.fround((values[at] as number) * (modifier === 'idf' ? Math.fround(inverseFrequency(stored, rows.length)) : 1))
      for (const row of rows) {
        const seq = Number(row['seq'])
        scores.set(seq, Math.fround((scores.get(seq) ?? 0) + Math.fround(value * Number(row['weight']))))
      }
    }
    const found = among === undefined ? [...scores.keys()].filter(this.#meets(matches)) : among.filter((seq) => scores.has(seq))
    return inOrder(found).map((seq) => {
      const score = scores.get(seq) as number
      return { seq, score, rank: score }
    })
  }

  #meets(matches: Matcher | undefined): (seq: number) => boolean {
    if (matches === undefined) return all
    const pointOf = this.#db.statement(`SELECT id, payload FROM ${this.#collection.points} WHERE seq = ?`)
    return (seq) => {
      const { id, payload } = pointOf.get(seq) ?? {}
      return matches(id as StoredId, JSON.parse(String(payload ?? '{}')))
    }
  }
}

/** `limit` as a number of points to find. */
export function atLeastOne(limit: unknown): number {
  const whole = asWhole(limit, 'limit')
  if (whole === 0) throw new Refusal(422, 'limit must be 1 or larger')
  return whole
}

function prefetchesOf({ prefetch }: Body): Body[] {
  if (prefetch === undefined || prefetch === null) return []
  return (Array.isArray(prefetch) ? prefetch : [prefetch]).map((inner) => asObject(inner, 'a prefetch'))
}

function isBetter(vectors: DenseVectors | SparseVectors, score: number, threshold: number | null | undefined): boolean {
  if (threshold === undefined || threshold === null) return true
  return vectors.kind === 'sparse' || measures[vectors.distance].higherIsNearer ? score > threshold : score < threshold
}

function all(): boolean {
  return true
}

function allOf(tests: readonly Matcher[]): Matcher {
  return (id, payload) => tests.every((test) => test(id, payload))
}

function unique(found: readonly Found[]): number[] {
  return [...new Set(found.map(({ seq }) => seq))]
}

function inOrder(seqs: readonly number[]): number[] {
  return [...seqs].sort((a, b) => a - b)
}
