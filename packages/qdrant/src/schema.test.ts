import { describe, expect, expectTypeOf, it } from 'vitest'
import { type QdrantHit, type QdrantPoint, type QdrantQuery, type QdrantSchema, qdrantCollections } from './index.ts'
import { openCollections, temporaryProject } from './test/open.ts'

describe('a declaration of collections', () => {
  it.each<[object, RegExp]>([
    [{}, /it has no vectors\. Declare vectors, sparseVectors, or both/],
    [{ vectors: {} }, /it has no vectors/],
    [{ vectors: { size: 0 } }, /the vector has size 0\. Use an integer from 1 to 65,536/],
    [{ vectors: { distance: 'Dot' } }, /the vector has size undefined/],
    [{ vectors: { body: { size: 1.5 } } }, /vector "body" has size 1\.5/],
    [{ vectors: { body: { size: 2, distance: 'Chebyshev' } } }, /vector "body" has the distance "Chebyshev"\. Use Cosine, Dot/],
    [{ vectors: { '': { size: 2 } } }, /a vector has an empty name/],
    [{ vectors: { size: 2 }, sparseVectors: { words: {} } }, /its dense vector has no name beside sparse vectors\. Name it/],
    [{ vectors: { words: { size: 2 } }, sparseVectors: { words: {} } }, /"words" is both a dense and a sparse vector/],
    [{ sparseVectors: { words: { modifier: 'tf' } } }, /vector "words" has the modifier "tf"\. Use 'idf'/],
    [{ vectors: { size: 2 }, payloadIndexes: { year: 'int' } }, /the payload index on "year" has type "int"\. Use keyword, integer/],
    [{ vectors: { size: 2 }, sparse_vectors: {} }, /"sparse_vectors" is not an option\. Use name, vectors, sparseVectors, payloadIndexes/],
    [{ vectors: { size: 2 }, name: 'a/b' }, /a name that Qdrant refuses/],
  ])('is refused as soon as it is made: %j', (schema, message) => {
    expect(() => qdrantCollections({ docs: schema as QdrantSchema })).toThrow(message)
  })

  it('may name a vector "size"', async () => {
    using project = temporaryProject()
    await using opened = await openCollections({ docs: { vectors: { size: { size: 1 } } } }, {}, { projectFolder: project.folder })
    const docs = opened.client.collection('docs')
    await docs.ensureCollection()
    await docs.upsert([{ id: 1, vector: { size: [1] } }])
    expect(await docs.query({ using: 'size', vector: [1] })).toHaveLength(1)
  })

  it('types points, queries and hits', () => {
    const docs = { vectors: { body: { size: 2 } }, sparseVectors: { words: { modifier: 'idf' } } } as const
    type Docs = typeof docs
    type Sparse = { readonly indices: readonly number[]; readonly values: readonly number[] }
    expectTypeOf<QdrantPoint<Docs>['vector']['words']>().toEqualTypeOf<Sparse | undefined>()
    expectTypeOf<QdrantPoint['vector']>().toEqualTypeOf<readonly number[]>()
    expectTypeOf<NonNullable<QdrantHit<Docs>['vector']>['body']>().toEqualTypeOf<readonly number[] | undefined>()
    expectTypeOf<{ using: 'body'; vector: number[] }>().toExtend<QdrantQuery<Docs>>()
    expectTypeOf<{ using: 'words'; vector: Sparse }>().toExtend<QdrantQuery<Docs>>()
    expectTypeOf<{ prefetch: [{ using: 'words'; id: 1 }]; fusion: 'rrf' }>().toExtend<QdrantQuery<Docs>>()
    expectTypeOf<{ using: 'words'; vector: number[] }>().not.toExtend<QdrantQuery<Docs>>()
    expectTypeOf<{ using: 'boddy'; vector: number[] }>().not.toExtend<QdrantQuery<Docs>>()
    expectTypeOf<{ vector: number[] }>().not.toExtend<QdrantQuery<Docs>>()
    expectTypeOf<{ prefetch: [{ using: 'boddy'; id: 1 }]; fusion: 'rrf' }>().not.toExtend<QdrantQuery<Docs>>()
    expectTypeOf<{ vector: number[]; withVector: true }>().toExtend<QdrantQuery>()
    expectTypeOf<{ using: 'body'; vector: number[] }>().not.toExtend<QdrantQuery>()
  })
})
