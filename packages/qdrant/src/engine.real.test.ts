import { randomUUID } from 'node:crypto'
import { ServiceError } from 'dagma/author'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { qdrantPython, startQdrant } from '../../../scripts/test-services/qdrant.ts'
import type { TestService } from '../../../scripts/test-services/service.ts'
import type { Distance, QdrantCollection, QdrantHit, QdrantPoint, QdrantQuery, QdrantServerSettings } from './index.ts'
import { conformanceSuite } from './test/conformance.ts'
import { declaredConformanceSuite } from './test/declared-conformance.ts'
import { open, openCollections, temporaryProject } from './test/open.ts'

const python = qdrantPython()

describe.skipIf(!python)('Qdrant’s engine', () => {
  let service: TestService
  const server: { -readonly [Name in keyof QdrantServerSettings]: QdrantServerSettings[Name] } = {}
  beforeAll(async () => {
    service = await startQdrant(python)
    server.url = service.url
  })
  afterAll(() => service.stop())

  conformanceSuite('qdrant', (collection) => open({ ...server, collection }))
  declaredConformanceSuite('qdrant', server)

  it.each<[Distance, Distance]>([
    ['Cosine', 'Dot'],
    ['Euclid', 'Manhattan'],
  ])('finds what the local store finds, with its scores: %s and %s', async (one, other) => {
    using project = temporaryProject()
    const schema = {
      name: `dagma-random-${randomUUID()}`,
      vectors: { a: { size: 4, distance: one }, b: { size: 3, distance: other } },
      sparseVectors: { words: { modifier: 'idf' }, tags: {} },
      payloadIndexes: { n: 'integer', color: 'keyword' },
    } as const
    await using remote = await openCollections({ docs: schema }, server)
    await using local = await openCollections({ docs: schema }, {}, { projectFolder: project.folder })
    const both = [remote.client.collection('docs'), local.client.collection('docs')] as const
    const random = randomOf(42)
    const points = Array.from({ length: 150 }, (_, id) => point(id, random, 0.85))
    for (const collection of both) {
      await collection.ensureCollection()
      await collection.upsert(points as never)
    }
    // Some are written again. What a server removes counts in its frequencies until it has optimized its segments, so they lose no vector here.
    const again = Array.from({ length: 20 }, (_, at) => point(at * 7, random, 1))
    for (const collection of both) await collection.upsert(again as never)

    await fc.assert(
      fc.asyncProperty(query, async (asked) => {
        const [there, here] = await Promise.all(both.map((collection) => outcome(collection as never, asked)))
        if (Array.isArray(there) && Array.isArray(here)) holds(there, here)
        else expect(here).toEqual(there)
      }),
      { numRuns: 250 },
    )
    await both[0].deleteCollection()
  })
})

type Random = () => number

/** Numbers from 0 to 1, always the same ones for a seed. */
function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** A point that has each of its vectors with this probability. */
function point(id: number, random: Random, having: number): QdrantPoint {
  const dense = (size: number) => Array.from({ length: size }, () => random() * 4 - 2)
  const sparse = () => {
    const indices = [...Array(30).keys()].filter(() => random() < 0.2)
    return { indices: indices.reverse(), values: indices.map(() => random() * 3 - 0.5) }
  }
  const vectors = { a: dense(4), b: dense(3), words: sparse(), tags: sparse() }
  const kept = Object.fromEntries(Object.entries(vectors).filter(() => random() < having))
  return {
    id,
    vector: kept as never,
    payload: { n: Math.floor(random() * 10), color: ['red', 'green', 'blue'][Math.floor(random() * 3)] as string },
  }
}

/** Never 0: equal scores at the end of a prefetch would be cut off in any order. */
const number = fc.integer({ min: -20_000, max: 20_000 }).map((whole) => (whole + 0.5) / 7919)
const dense = (size: number) => fc.array(number, { minLength: size, maxLength: size })
const sparse = fc
  .uniqueArray(fc.integer({ min: 0, max: 31 }), { maxLength: 6 })
  .chain((indices) => fc.array(number, { minLength: indices.length, maxLength: indices.length }).map((values) => ({ indices, values })))
const target = fc.oneof(
  fc.record({ using: fc.constant('a'), vector: dense(4) }),
  fc.record({ using: fc.constant('b'), vector: dense(3) }),
  fc.record({ using: fc.constantFrom('words', 'tags'), vector: sparse }),
  fc.record({ using: fc.constantFrom('a', 'b', 'words', 'tags'), id: fc.integer({ min: 0, max: 155 }) }),
)
const filter = fc.oneof(
  fc.integer({ min: 0, max: 9 }).map((n) => ({ must: [{ key: 'n', range: { lte: n } }] })),
  fc.constantFrom('red', 'green').map((color) => ({ must_not: [{ key: 'color', match: { value: color } }] })),
  fc.constant({ should: [{ key: 'color', match: { any: ['red', 'blue'] } }, { has_id: [3, 5, 8] }] }),
)
const bounds = fc.record(
  { limit: fc.integer({ min: 1, max: 40 }), filter, scoreThreshold: fc.constantFrom(-1.0123, 0.3217, 2.5171) },
  { requiredKeys: ['limit'] },
)
/** Inner fusions have weights of their own: ranks would otherwise tie, and a server breaks ties at random. */
const innerFusion = fc.record({ rrf: fc.record({ k: fc.integer({ min: 1, max: 60 }), weights: fc.constant([1, 0.37]) }) })
const { search } = fc.letrec<{ search: object }>((tie) => ({
  search: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.tuple(target, bounds).map(([asked, kept]) => ({ ...asked, ...kept })),
    fc
      .tuple(target, bounds, fc.array(tie('search'), { minLength: 1, maxLength: 3 }))
      .map(([asked, kept, prefetch]) => ({ ...asked, ...kept, prefetch })),
    fc.tuple(innerFusion, bounds, tie('search'), tie('search')).map(([fusion, kept, ...prefetch]) => ({ fusion, ...kept, prefetch })),
  ),
}))
const query = fc.oneof(
  fc.tuple(search, fc.integer({ min: 0, max: 3 })).map(([asked, offset]) => ({ ...asked, offset })),
  fc
    .tuple(fc.constantFrom('rrf', 'dbsf'), bounds, fc.array(search, { minLength: 1, maxLength: 3 }))
    .map(([fusion, kept, prefetch]) => ({ fusion, ...kept, prefetch })),
)

/** The hits of a query, or the status that it fails with. */
async function outcome(collection: QdrantCollection<never>, asked: object): Promise<readonly QdrantHit[] | number> {
  try {
    return (await collection.query({ ...asked, withPayload: false } as QdrantQuery<never>)) as readonly QdrantHit[]
  } catch (error) {
    if (error instanceof ServiceError && error.status !== undefined) return error.status
    throw error
  }
}

/** The same scores, and the same points; at the end of the list, and among equal scores, either may have others. */
function holds(there: readonly QdrantHit[], here: readonly QdrantHit[]): void {
  const near = (one = Number.NaN, other = Number.NaN) => Math.abs(one - other) <= 2e-4 * Math.max(1, Math.abs(one))
  expect(here.map(({ score }, at) => near(score, there[at]?.score) || [score, there[at]?.score])).toEqual(there.map(() => true))
  const last = there.at(-1)?.score
  const scores = new Map(here.map(({ id, score }) => [id, score]))
  for (const { id, score } of there) if (!near(score, last)) expect(near(scores.get(id), score), `point ${id}`).toBe(true)
}
