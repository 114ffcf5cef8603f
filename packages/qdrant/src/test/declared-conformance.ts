import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { Qdrant, QdrantQuery, QdrantSchema, QdrantServerSettings } from '../index.ts'
import { fails } from './conformance.ts'
import { openCollections } from './open.ts'

const docs = {
  vectors: { body: { size: 2, distance: 'Dot' }, title: { size: 3 } },
  sparseVectors: { words: { modifier: 'idf' }, tags: {} },
  payloadIndexes: { language: 'keyword', 'source.year': 'integer' },
} as const satisfies QdrantSchema

type Docs = typeof docs

/** The tests that every backend of declared collections passes. */
export function declaredConformanceSuite(
  backend: Qdrant['backend'],
  settings: QdrantServerSettings,
  context: { readonly projectFolder?: string } = {},
): void {
  const opened: AsyncDisposable[] = []
  const used: { deleteCollection(): Promise<boolean> }[] = []
  afterEach(async () => {
    for (const collection of used.splice(0)) await collection.deleteCollection()
    for (const one of opened.splice(0)) await one[Symbol.asyncDispose]()
  })
  const declare = async <const Schema extends QdrantSchema>(schema: Schema, name = `dagma-conformance-${randomUUID()}`) => {
    const one = await openCollections({ it: { ...schema, name } }, settings, context)
    opened.push(one)
    const collection = one.client.collection('it')
    used.push(collection)
    return collection
  }
  const filled = async () => {
    const collection = await declare(docs)
    await collection.ensureCollection()
    await collection.upsert(passages)
    return collection
  }

  describe(`${backend}: declared collections`, () => {
    it('are made once with their vectors and indexes, and described', async () => {
      const collection = await declare(docs)
      expect(collection.backend).toBe(backend)
      await fails(collection.collectionInfo(), 404)
      expect(await collection.ensureCollection()).toEqual({ created: true })
      expect(await collection.ensureCollection()).toEqual({ created: false })
      expect(await collection.collectionInfo()).toEqual({
        status: 'green',
        vectors: { body: { size: 2, distance: 'Dot' }, title: { size: 3, distance: 'Cosine' } },
        sparseVectors: { words: { modifier: 'idf' }, tags: {} },
        payloadIndexes: { language: 'keyword', 'source.year': 'integer' },
      })
    })

    it('get the indexes that they lack', async () => {
      const { collection: name } = await filled()
      const more = await declare({ ...docs, payloadIndexes: { ...docs.payloadIndexes, title: 'text' } }, name)
      expect(await more.ensureCollection()).toEqual({ created: false })
      expect((await more.collectionInfo()).payloadIndexes).toEqual({ language: 'keyword', 'source.year': 'integer', title: 'text' })
      expect(await more.count()).toBe(passages.length)
    })

    it('are refused with all differences', async () => {
      const { collection: name } = await filled()
      const other = await declare(
        {
          vectors: { body: { size: 4 }, summary: { size: 2 }, words: { size: 1 } },
          sparseVectors: { tags: { modifier: 'idf' }, title: {} },
        },
        name,
      )
      await fails(
        other.ensureCollection(),
        409,
        /vector "body" has size 2 and distance Dot, not size 4 and distance Cosine; it has no vector "summary"; vector "words" is sparse, not dense; vector "tags" has no modifier, not the modifier idf; vector "title" is dense, not sparse/,
      )
      const otherIndex = await declare({ ...docs, payloadIndexes: { language: 'text' } }, name)
      await fails(otherIndex.ensureCollection(), 409, /the payload index on "language" has type keyword, not text/)
      await fails((await declare({ vectors: { size: 2 } }, name)).ensureCollection(), 409, /it has named vectors/)
    })

    it('may have only sparse vectors, or one unnamed vector with indexes', async () => {
      const sparse = await declare({ sparseVectors: { words: {} } })
      await sparse.ensureCollection()
      await sparse.upsert([{ id: 1, vector: { words: { indices: [5], values: [2] } } }])
      expect((await sparse.query({ using: 'words', vector: { indices: [5], values: [3] } }))[0]).toMatchObject({ id: 1, score: 6 })
      const unnamed = await declare({ vectors: { size: 2, distance: 'Dot' }, payloadIndexes: { n: 'integer' } })
      await unnamed.ensureCollection()
      await unnamed.upsert([{ id: 1, vector: [1, 2], payload: { n: 7 } }])
      const asked = { vector: [1, 0], filter: { must: [{ key: 'n', match: { value: 7 } }] }, withVector: true } as const
      expect(await unnamed.query(asked)).toEqual([{ id: 1, score: 1, payload: { n: 7 }, vector: [1, 2] }])
    })

    it('are several in one resource, apart from each other', async () => {
      const name = `dagma-conformance-${randomUUID()}`
      const schemas = { a: { name: `${name}-a`, vectors: { size: 1 } }, b: { name: `${name}-b`, vectors: { body: { size: 1 } } } } as const
      const both = await openCollections(schemas, settings, context)
      opened.push(both)
      const [a, b] = [both.client.collection('a'), both.client.collection('b')]
      used.push(a, b)
      await Promise.all([a.ensureCollection(), b.ensureCollection()])
      await a.upsert([{ id: 1, vector: [1] }])
      await b.upsert([{ id: 2, vector: { body: [1] } }])
      expect([(await a.scroll()).points.map(({ id }) => id), (await b.scroll()).points.map(({ id }) => id)]).toEqual([[1], [2]])
      expect(() => both.client.collection('c' as 'a')).toThrow('no collection "c" is declared. Use one of a, b.')
      await a.deleteCollection()
      expect(await b.count()).toBe(1)
    })
  })

  describe(`${backend}: points of several vectors`, () => {
    it('come back with the vectors that were asked for, sparse ones in the order of their indices', async () => {
      const collection = await filled()
      const [first] = await collection.retrieve([1], { withPayload: false, withVector: true })
      expect(first).toEqual({
        id: 1,
        vector: { body: [1, 0], title: [1, 0, 0], words: { indices: [3, 7], values: [1, 2] }, tags: { indices: [1], values: [1] } },
      })
      expect(await collection.retrieve([4], { withPayload: false, withVector: ['words', 'title'] })).toEqual([
        { id: 4, vector: { title: [0, 1, 0] } },
      ])
    })

    it('are replaced as a whole', async () => {
      const collection = await filled()
      await collection.upsert([{ id: 1, vector: { words: { indices: [3], values: [9] } } }])
      expect(await collection.retrieve([1], { withVector: true })).toEqual([
        { id: 1, payload: {}, vector: { words: { indices: [3], values: [9] } } },
      ])
      expect((await collection.query({ using: 'tags', vector: { indices: [1], values: [1] } })).map(({ id }) => id)).toEqual([2])
      expect((await collection.query({ using: 'body', vector: [1, 1] })).map(({ id }) => id)).not.toContain(1)
    })

    it('are refused before anything is sent when they are not as declared', async () => {
      const collection = await filled()
      const store = (vector: object) => collection.upsert([{ id: 9, vector: vector as never }])
      const cases: [object, RegExp][] = [
        [{ boddy: [1, 2] }, /there is no vector "boddy"\. Use one of "body", "title", "words", "tags"/],
        [[1, 2], /the vectors of a point are not an object\. Pass them by name: { body, title, words, tags }/],
        [{ body: [1, 2, 3] }, /vector "body" has 3 numbers, and 2 are declared/],
        [{ body: [] }, /vector "body" is empty/],
        [{ body: [1, Number.NaN] }, /vector "body" has a number that is not finite/],
        [{ body: [1, 1e300] }, /vector "body" has a number that is not finite/],
        [{ body: { indices: [1], values: [1] } }, /vector "body" is not a list of numbers/],
        [{ words: [1, 2] }, /vector "words" is not a sparse vector/],
        [{ words: { indices: [1, 2], values: [1] } }, /vector "words" has 2 indices and 1 values/],
        [{ words: { indices: [4, 2, 4], values: [1, 1, 1] } }, /vector "words" has the index 4 twice/],
        [{ words: { indices: [-1], values: [1] } }, /vector "words" has an index that is not an integer from 0/],
        [{ words: { indices: [2 ** 32], values: [1] } }, /vector "words" has an index that is not an integer from 0/],
        [{ words: { indices: [1], values: [Number.POSITIVE_INFINITY] } }, /vector "words" has a value that is not finite/],
      ]
      for (const [vector, message] of cases) await fails(store(vector), undefined, message)
      expect(await collection.count()).toBe(passages.length)
    })
  })

  describe(`${backend}: queries by names`, () => {
    it('find by each vector, and only what has it', async () => {
      const collection = await filled()
      const ids = async (query: QdrantQuery<Docs>) => (await collection.query(query)).map(({ id }) => id)
      expect(await ids({ using: 'body', vector: [1, 0.5] })).toEqual([3, 2, 1])
      expect(await ids({ using: 'title', vector: [0, 1, 0.1] })).toEqual([4, 2, 1])
      expect(await ids({ using: 'tags', vector: { indices: [1, 2], values: [1, 1] } })).toEqual([2, 1])
      expect(await ids({ using: 'tags', vector: { indices: [], values: [] } })).toEqual([])
      expect(await ids({ using: 'title', id: 4 })).toEqual([2, 1])
      expect(await ids({ using: 'words', id: 1 })).toEqual([3, 2])
      await fails(collection.query({ using: 'words', id: 4 }), 404)
      await fails(collection.query({ using: 'words', id: 99 }), 404)
    })

    it('weight sparse vectors by how rare their indices are', async () => {
      const collection = await filled()
      const found = await collection.query({ using: 'words', vector: { indices: [3, 7], values: [1, 1] } })
      // Three points have words: 3 is in all of them, 7 in one.
      const [often, rare] = [Math.log(0.5 / 3.5 + 1), Math.log(2.5 / 1.5 + 1)]
      expect(found.map(({ id }) => id)).toEqual([1, 3, 2])
      for (const [at, score] of [often + 2 * rare, 2 * often, 1.5 * often].entries()) expect(found[at]?.score).toBeCloseTo(score, 5)
    })

    it('become one list by fusion', async () => {
      const collection = await filled()
      const prefetch = [
        { using: 'body', vector: [1, 0.5] },
        { using: 'words', vector: { indices: [3, 7], values: [1, 1] } },
      ] as const
      const scores = async (query: Partial<QdrantQuery<Docs>>) =>
        (await collection.query({ prefetch, fusion: 'rrf', ...query } as QdrantQuery<Docs>)).map(({ id, score }) => [id, score])
      const close = (expected: [number, number][]) => expected.map(([id, score]) => [id, expect.closeTo(score, 5)])
      expect(await scores({})).toEqual(
        close([
          [3, 1 / 2 + 1 / 3],
          [1, 1 / 4 + 1 / 2],
          [2, 1 / 3 + 1 / 4],
        ]),
      )
      expect(await scores({ fusion: { rrf: { weights: [3, 1] } } })).toEqual(
        close([
          [3, 1 / (1 / 3 + 1) + 1 / 3],
          [1, 1 / (3 / 3 + 1) + 1 / 2],
          [2, 1 / (2 / 3 + 1) + 1 / 4],
        ]),
      )
      expect((await scores({ fusion: { rrf: { k: 60 } } }))[2]).toEqual([2, expect.closeTo(1 / 61 + 1 / 62, 5)])
      expect(await scores({ scoreThreshold: 0.75 })).toHaveLength(2)
      expect(await scores({ scoreThreshold: 0.76 })).toHaveLength(1)
      expect(await scores({ limit: 1, offset: 2 })).toEqual(close([[2, 7 / 12]]))
      // Each list is brought to a scale on which three standard deviations around its mean are 0 and 1.
      const scaled = (list: number[], at: number) => {
        const mean = list.reduce((sum, score) => sum + score) / list.length
        const deviation = Math.sqrt(list.reduce((sum, score) => sum + (score - mean) ** 2, 0) / (list.length - 1))
        return ((list[at] ?? 0) - mean) / (6 * deviation) + 0.5
      }
      const [often, rare] = [Math.log(0.5 / 3.5 + 1), Math.log(2.5 / 1.5 + 1)]
      const [bodies, words] = [
        [1, 1.5, 2.5],
        [often + 2 * rare, 1.5 * often, 2 * often],
      ]
      const both = (at: number) => scaled(bodies, at) + scaled(words, at)
      expect(await scores({ fusion: 'dbsf' })).toEqual(
        close([
          [3, both(2)],
          [1, both(0)],
          [2, both(1)],
        ]),
      )
      expect(await scores({ filter: { must_not: [{ has_id: [1] }] } })).toEqual(
        close([
          [3, 1],
          [2, 2 / 3],
        ]),
      )
    })

    it('rank again what others found, and may be nested', async () => {
      const collection = await filled()
      const words = { using: 'words', vector: { indices: [3], values: [1] }, limit: 2 } as const
      const again = await collection.query({ using: 'body', vector: [-1, 0.5], prefetch: [words], withPayload: false })
      expect(again).toEqual([
        { id: 2, score: 1.5 },
        { id: 3, score: -1.5 },
      ])
      const byWords = await collection.query({ using: 'words', id: 2, prefetch: [{ using: 'title', id: 4 }], limit: 5 })
      expect(byWords.map(({ id }) => id)).toEqual([1])
      const nested = await collection.query({
        prefetch: [{ prefetch: [words, { using: 'title', id: 4, limit: 1 }], fusion: 'rrf', limit: 5 }],
        using: 'body',
        vector: [0, 1],
        withPayload: ['language'],
        withVector: ['body'],
      })
      expect(nested.map(({ id }) => id)).toEqual([2, 3])
      expect(nested[0]).toEqual({ id: 2, score: 3, payload: { language: 'de' }, vector: { body: [0, 3] } })
    })

    it('are narrowed down by filters, around prefetches and in them', async () => {
      const collection = await filled()
      const english = { must: [{ key: 'language', match: { value: 'en' } }] } as const
      const recent = { must: [{ key: 'source.year', range: { gte: 2025 } }] } as const
      const body = { using: 'body', vector: [1, 0.5] } as const
      const ids = async (query: QdrantQuery<Docs>) => (await collection.query(query)).map(({ id }) => id)
      expect(await ids({ ...body, filter: english })).toEqual([3, 1])
      expect(await ids({ prefetch: [{ ...body, filter: english }], fusion: 'rrf', filter: recent })).toEqual([3])
      expect(await ids({ using: 'words', vector: { indices: [3], values: [1] }, filter: recent })).toEqual([3, 2])
      expect(await ids({ prefetch: [{ ...body, scoreThreshold: 1.2 }], fusion: 'rrf' })).toEqual([3, 2])
    })

    it('are refused before anything is sent when they are not as declared', async () => {
      const collection = await filled()
      const ask = (query: object) => collection.query(query as QdrantQuery<Docs>)
      const body = { using: 'body', vector: [1, 2] }
      const cases: [object, RegExp][] = [
        [{ vector: [1, 2] }, /it is not said which vector is meant\. Use one of "body"/],
        [{ using: 'boddy', vector: [1, 2] }, /there is no vector "boddy"/],
        [{ using: 'boddy', id: 1 }, /there is no vector "boddy"/],
        [{ using: 'body', vector: [1, 2, 3] }, /vector "body" has 3 numbers, and 2 are declared/],
        [{ using: 'words', vector: [1, 2] }, /vector "words" is not a sparse vector/],
        [{ using: 'words', vector: { indices: [1, 1], values: [1, 1] } }, /vector "words" has the index 1 twice/],
        [{}, /a query needs either a vector, an id or a fusion/],
        [{ ...body, id: 1 }, /a query needs either a vector, an id or a fusion/],
        [{ fusion: 'rrf' }, /a fusion has nothing to fuse/],
        [{ fusion: 'rrf', prefetch: [] }, /"prefetch" is empty/],
        [{ fusion: 'rrf', prefetch: [{ ...body, using: 'bodies' }] }, /there is no vector "bodies"/],
        [{ fusion: { rrf: { weights: [1, 2] } }, prefetch: [body] }, /the fusion has 2 weights for 1 searches/],
        [{ fusion: { rrf: { k: 0 } }, prefetch: [body] }, /the k of a fusion is 0/],
        [{ ...body, withVector: ['boddy'] }, /there is no vector "boddy"/],
      ]
      for (const [query, message] of cases) await fails(ask(query), undefined, message)
      await fails(ask({ fusion: 'rrf', prefetch: [{ ...body, limit: 0 }] }), 422)
    })
  })
}

const passages = [
  {
    id: 1,
    vector: { body: [1, 0], title: [2, 0, 0], words: { indices: [7, 3], values: [2, 1] }, tags: { indices: [1], values: [1] } },
    payload: { language: 'en', source: { year: 2024 } },
  },
  {
    id: 2,
    vector: { body: [0, 3], title: [1, 1, 0], words: { indices: [3], values: [1.5] }, tags: { indices: [2, 1], values: [1, 1] } },
    payload: { language: 'de', source: { year: 2025 } },
  },
  { id: 3, vector: { body: [2, 1], words: { indices: [3, 8], values: [2, 1] } }, payload: { language: 'en', source: { year: 2026 } } },
  { id: 4, vector: { title: [0, 4, 0] } },
] as const
