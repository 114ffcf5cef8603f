import { randomUUID } from 'node:crypto'
import { ServiceError } from 'dagma/author'
import { afterEach, describe, expect, it } from 'vitest'
import { pointId, type Qdrant, type QdrantFilter, type QdrantQuery } from '../index.ts'
import type { Opened } from './open.ts'

/** The tests that every backend of Qdrant passes. `openOn` opens one on a collection, which the suite removes. */
export function conformanceSuite(backend: Qdrant['backend'], openOn: (collection: string) => Promise<Opened>): void {
  const opened: Opened[] = []
  afterEach(async () => {
    for (const one of opened.splice(0)) {
      await one.client.deleteCollection()
      await one[Symbol.asyncDispose]()
    }
  })
  const fresh = async (): Promise<Qdrant> => {
    const one = await openOn(`dagma-conformance-${randomUUID()}`)
    opened.push(one)
    return one.client
  }
  const filled = async (): Promise<Qdrant> => {
    const client = await fresh()
    await client.ensureCollection({ size: 2, distance: 'Dot' })
    await client.upsert(cities)
    return client
  }

  describe(`${backend}: collections`, () => {
    it('makes a collection once, and describes it', async () => {
      const client = await fresh()
      expect(client.backend).toBe(backend)
      await fails(client.collectionInfo(), 404)
      expect(await client.ensureCollection({ size: 3 })).toEqual({ created: true })
      expect(await client.ensureCollection({ size: 3, distance: 'Cosine' })).toEqual({ created: false })
      expect(await client.collectionInfo()).toEqual({ size: 3, distance: 'Cosine', status: 'green' })
    })

    it('refuses another size and another distance', async () => {
      const client = await fresh()
      await client.ensureCollection({ size: 3, distance: 'Euclid' })
      await fails(
        client.ensureCollection({ size: 4, distance: 'Euclid' }),
        409,
        /the vector has size 3 and distance Euclid, not size 4 and distance Euclid/,
      )
      await fails(client.ensureCollection({ size: 3, distance: 'Dot' }), 409)
      const hint = new RegExp(
        `[.?] Delete ${backend === 'local' ? 'the folder \\.dagma/qdrant-local of the project' : 'this collection'}, or name another .*materialize again`,
      )
      await fails(client.ensureCollection({ size: 4, distance: 'Euclid' }), 409, hint)
      await fails(client.query({ vector: [1, 2, 3, 4] }), 400, hint)
      await fails((await fresh()).ensureCollection({ size: 0 }), 400)
      await fails((await fresh()).ensureCollection({ size: 2, distance: 'Chebyshev' as never }), 400)
    })

    it('may be created by several processes concurrently', async () => {
      const client = await fresh()
      const made = await Promise.all(Array.from({ length: 5 }, () => client.ensureCollection({ size: 2 })))
      expect(made.filter(({ created }) => created)).toHaveLength(1)
    })

    it('removes a collection with its points', async () => {
      const client = await filled()
      expect(await client.deleteCollection()).toBe(true)
      expect(await client.deleteCollection()).toBe(false)
      await fails(client.count(), 404)
      await client.ensureCollection({ size: 2, distance: 'Dot' })
      expect(await client.count()).toBe(0)
    })

    it.each([
      ['query', (client: Qdrant) => client.query({ vector: [1, 2] })],
      ['upsert', (client: Qdrant) => client.upsert(cities)],
      ['scroll', (client: Qdrant) => client.scroll()],
      ['retrieve', (client: Qdrant) => client.retrieve([1])],
      ['delete', (client: Qdrant) => client.delete({ ids: [1] })],
    ])('a missing one: %s', async (_, call) => {
      await fails(call(await fresh()), 404)
    })
  })

  describe(`${backend}: points`, () => {
    it('stores them, over those of the same id', async () => {
      const client = await filled()
      expect(await client.upsert(cities)).toEqual({ points: 4, batches: 1 })
      expect(await client.count()).toBe(4)
      await client.upsert([{ id: 2, vector: [9, 9], payload: { name: 'Wien' } }])
      expect(await client.retrieve([2], { withVector: true })).toEqual([{ id: 2, vector: [9, 9], payload: { name: 'Wien' } }])
    })

    it('counts each id once, and the later point', async () => {
      const client = await fresh()
      await client.ensureCollection({ size: 1, distance: 'Dot' })
      const points = [1, 2, 3].map((n) => ({ id: 'same', vector: [n], payload: { n } }))
      expect(await client.upsert(points)).toEqual({ points: 1, batches: 1 })
      expect(await client.scroll()).toEqual({ points: [{ id: pointId('same'), payload: { n: 3 } }] })
    })

    it('sends many in several requests', async () => {
      const client = await fresh()
      await client.ensureCollection({ size: 1, distance: 'Dot' })
      const points = Array.from({ length: 2500 }, (_, n) => ({ id: `doc-${n}`, vector: [n] }))
      expect(await client.upsert(points)).toEqual({ points: 2500, batches: 3 })
      expect(await client.count()).toBe(2500)
      expect((await client.query({ vector: [1], limit: 1 }))[0]).toEqual({ id: pointId('doc-2499'), score: 2499, payload: {} })
    })

    it('refuses wrong points, and says why', async () => {
      const client = await filled()
      await fails(client.upsert([{ id: 9, vector: [1, 2, 3] }]), 400, /a vector has 3 numbers, but those of collection ".*" have 2/)
      await fails(client.upsert([{ id: -1, vector: [1, 2] }]), 400)
      await fails(client.upsert([{ id: 1.5, vector: [1, 2] }]), 400)
      await fails(client.upsert([{ id: 2 ** 53, vector: [1, 2] }]), undefined, /an id is neither a string nor an integer up to 2\^53 − 1/)
      await fails(client.upsert([{ id: 9, vector: [1, Number.NaN] }]), undefined, /a number that is not finite/)
      await fails(
        client.upsert([{ id: 9, vector: [1, 2], payload: { scores: [1, Number.NaN] } }]),
        undefined,
        /a payload cannot be stored: it has NaN at "scores\[1\]"/,
      )
      expect(await client.count()).toBe(4)
    })

    it('does nothing for empty lists', async () => {
      const client = await filled()
      expect(await client.upsert([])).toEqual({ points: 0, batches: 0 })
      expect(await client.retrieve([])).toEqual([])
      await client.delete({ ids: [] })
      expect(await client.count()).toBe(4)
    })

    it('scrolls through all of them, numbers before UUIDs', async () => {
      const client = await filled()
      await client.upsert([
        { id: 'c7fce569-574e-54bb-bec5-879fe2c1f3d5', vector: [0, 0] },
        { id: '00000000-0000-4000-8000-000000000000', vector: [0, 0] },
      ])
      const ids = []
      for (let from: number | string | undefined, first = true; first || from !== undefined; first = false) {
        const page = await client.scroll({ limit: 4, ...(from !== undefined && { from }), withPayload: false })
        ids.push(...page.points.map(({ id }) => id))
        from = page.next
      }
      expect(ids).toEqual([1, 2, 3, 10, '00000000-0000-4000-8000-000000000000', 'c7fce569-574e-54bb-bec5-879fe2c1f3d5'])
      await fails(client.scroll({ limit: 0 }), 422)
    })

    it('are gone when delete returns', async () => {
      const client = await filled()
      await client.delete({ ids: [1, 'never stored'] })
      expect(await client.count()).toBe(3)
      await client.delete({ filter: { must: [{ key: 'country', match: { value: 'DE' } }] } })
      expect((await client.scroll()).points.map(({ id }) => id)).toEqual([2, 10])
    })

    it('come back with the parts that were asked for', async () => {
      const client = await filled()
      expect(await client.retrieve([1], { withPayload: false })).toEqual([{ id: 1 }])
      expect(await client.retrieve([1], { withPayload: ['country', 'size.people'] })).toEqual([
        { id: 1, payload: { country: 'DE', size: { people: 3_700_000 } } },
      ])
      const [hit] = await client.query({ vector: [1, 1], limit: 1, withPayload: false, withVector: true })
      expect(hit).toEqual({ id: 10, vector: [4, 4], score: 8 })
    })
  })

  describe(`${backend}: queries`, () => {
    it('finds the nearest, best first', async () => {
      const client = await filled()
      const found = (await client.query({ vector: [1, 0] })).map(({ id, score }) => [id, score])
      expect(found).toEqual([
        [10, 4],
        [3, 3],
        [2, 2],
        [1, 1],
      ])
      expect((await client.query({ vector: [1, 0], limit: 2, offset: 1 })).map(({ id }) => id)).toEqual([3, 2])
      expect((await client.query({ vector: [1, 0], scoreThreshold: 2.5 })).map(({ id }) => id)).toEqual([10, 3])
    })

    it('finds what is near to a stored point, without the point', async () => {
      const client = await filled()
      expect((await client.query({ id: 3, limit: 2 })).map(({ id }) => id)).toEqual([10, 2])
      await fails(client.query({ id: 99 }), 404)
    })

    it('fuses several searches, and ranks again what they find', async () => {
      const client = await filled()
      const prefetch = [
        { vector: [1, 0], limit: 3 },
        { vector: [0, -1], limit: 2 },
      ]
      const ids = async (query: QdrantQuery) => (await client.query(query)).map(({ id }) => id)
      expect(await ids({ prefetch, fusion: { rrf: { weights: [1, 0.4] } } })).toEqual([10, 2, 3, 1])
      expect(await ids({ prefetch: prefetch.slice(0, 1), vector: [-1, 0], limit: 2 })).toEqual([2, 3])
      expect(await ids({ prefetch: prefetch.slice(0, 1), id: 10 })).toEqual([3, 2, 1])
    })

    it('refuses wrong queries', async () => {
      const client = await filled()
      await fails(client.query({ vector: [1] }), 400)
      await fails(client.query({ vector: [1, 0], limit: 0 }), 422)
      await fails(client.query({} as never), undefined, /needs either a vector, an id or a fusion/)
      await fails(client.query({ vector: [1, 0], filter: { must: [{ key: 'x', match: { value: 1.5 } }] } }), 400)
    })

    it.each(filters)('filters by %j', async (filter, ids) => {
      const client = await filled()
      expect((await client.query({ vector: [1, 0], filter })).map(({ id }) => id)).toEqual(ids)
      expect(await client.count({ filter })).toBe(ids.length)
    })
  })
}

const cities = [
  {
    id: 1,
    vector: [1, 1],
    payload: { name: 'Berlin', country: 'DE', size: { people: 3_700_000, rank: 1 }, rivers: ['Spree', 'Havel'], note: null, nulls: null },
  },
  {
    id: 2,
    vector: [2, 2],
    payload: {
      name: 'Wien',
      country: 'AT',
      size: { people: 2_000_000 },
      rivers: ['Donau'],
      nulls: [],
      nothing: [null, null],
      districts: [{ n: 1 }, { n: 2 }],
    },
  },
  {
    id: 3,
    vector: [3, 3],
    payload: {
      name: 'Köln',
      country: 'DE',
      size: { people: 1_100_000 },
      rivers: ['Rhein'],
      capital: false,
      nulls: [null, 'y'],
      nothing: [],
    },
  },
  { id: 10, vector: [4, 4] },
]

/** Filters, and the ids that they leave, nearest to [1, 0] first. */
const filters: [QdrantFilter, number[]][] = [
  [{}, [10, 3, 2, 1]],
  [{ must: { key: 'country', match: { value: 'DE' } } }, [3, 1]],
  [{ must_not: [{ key: 'country', match: { value: 'DE' } }] }, [10, 2]],
  [{ should: [{ key: 'name', match: { value: 'Wien' } }, { has_id: [10] }] }, [10, 2]],
  [{ must: [{ key: 'country', match: { any: ['AT', 'CH'] } }] }, [2]],
  [{ must: [{ key: 'country', match: { except: ['AT', 'CH'] } }] }, [3, 1]],
  [{ must: [{ key: 'note', match: { except: ['x'] } }] }, []],
  [{ must_not: [{ key: 'note', match: { except: ['x'] } }] }, [10, 3, 2, 1]],
  [{ must: [{ key: 'nothing', match: { except: ['x'] } }] }, []],
  [{ must: [{ key: 'nulls', match: { except: ['x'] } }] }, [3]],
  [{ must: [{ key: 'nulls', match: { except: [1] } }] }, [3]],
  [{ must: [{ key: 'rivers', match: { value: 'Havel' } }] }, [1]],
  [{ must: [{ key: 'size.people', range: { gte: 1_100_000, lt: 3_700_000 } }] }, [3, 2]],
  [{ must: [{ key: 'districts[].n', match: { value: 2 } }] }, [2]],
  [{ must: [{ key: 'capital', match: { value: false } }] }, [3]],
  [{ must: [{ is_empty: { key: 'rivers' } }] }, [10]],
  [{ must: [{ is_empty: { key: 'note' } }, { key: 'country', match: { value: 'DE' } }] }, [3, 1]],
  [{ must: [{ is_null: { key: 'note' } }] }, [1]],
  [{ must: [{ key: 'country', match: { value: 'DE' } }], must_not: [{ has_id: [3] }] }, [1]],
  [{ must: [{ should: [{ has_id: [1] }, { must_not: [{ key: 'country', match: { any: ['DE', 'AT'] } }] }] }] }, [10, 1]],
]

/** Holds that a call fails with this status, and says this. */
export async function fails(call: Promise<unknown>, status: number | undefined, message = /^Qdrant: /): Promise<void> {
  const error = await call.then(
    (value) => expect.unreachable(`it gave ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ServiceError)
  expect((error as ServiceError).message).toMatch(message)
  expect((error as ServiceError).status).toBe(status)
}
