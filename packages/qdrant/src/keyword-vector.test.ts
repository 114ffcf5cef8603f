import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keywordVector } from './index.ts'
import { openCollections, temporaryProject } from './test/open.ts'

describe('a keyword vector', () => {
  it('never changes its indices', () => {
    expect(keywordVector('Assets, assets and Größe', { purpose: 'query' })).toEqual({
      indices: [2723564856, 254395046, 3443061914],
      values: [1, 1, 1],
    })
    expect(keywordVector(' … ')).toEqual({ indices: [], values: [] })
  })

  it('is one that Qdrant takes, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const { indices, values } = keywordVector(text)
        expect(new Set(indices).size).toBe(indices.length)
        expect(values.length).toBe(indices.length)
        expect(indices.every((index) => Number.isInteger(index) && index >= 0 && index < 2 ** 32)).toBe(true)
        expect(values.every((value) => value > 0 && value < 2.2)).toBe(true)
        expect(keywordVector(text)).toEqual({ indices, values })
      }),
    )
  })

  it('finds texts by BM25', async () => {
    const texts = ['the red fox and the dog', 'the brown dog', 'a red red apple', '一只红色的狐狸']
    using project = temporaryProject()
    await using opened = await openCollections(
      { texts: { sparseVectors: { words: { modifier: 'idf' } } } },
      {},
      { projectFolder: project.folder },
    )
    const collection = opened.client.collection('texts')
    await collection.ensureCollection()
    const averageLength = 4
    await collection.upsert(texts.map((text, id) => ({ id, vector: { words: keywordVector(text, { averageLength }) } })))
    const ask = (text: string) => collection.query({ using: 'words', vector: keywordVector(text, { purpose: 'query' }) })

    const found = await ask('RED')
    expect(found.map(({ id }) => id)).toEqual([2, 0])
    const idf = Math.log((4 - 2 + 0.5) / (2 + 0.5) + 1)
    const bm25 = (count: number, length: number) => (idf * count * 2.2) / (count + 1.2 * (0.25 + (0.75 * length) / averageLength))
    expect(found.map(({ score }) => score)).toEqual([expect.closeTo(bm25(2, 4), 5), expect.closeTo(bm25(1, 6), 5)])
    expect((await ask('brown fox')).map(({ id }) => id)).toEqual([1, 0])
    expect((await ask('狐狸')).map(({ id }) => id)).toEqual([3])
  })
})
