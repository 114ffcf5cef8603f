import { beforeAll, describe, expect, it } from 'vitest'
import type { Embeddings } from '../index.ts'

/** What every form of {@link Embeddings} must do. */
export function embeddingsConformance(form: string, prepare: () => Promise<Embeddings>): void {
  describe(`${form}: conformance`, () => {
    let client: Embeddings
    beforeAll(async () => {
      client = await prepare()
    })

    it('gives a vector for each text, in their order, all of one size', async () => {
      const texts = ['alpha', 'beta', 'gamma delta', 'ünïcode 😀', 'alpha']
      const { vectors, dimensions, model } = await client.embed(texts)
      expect(vectors).toHaveLength(5)
      expect(vectors.map((vector) => vector.length)).toEqual(Array(5).fill(dimensions))
      expect(vectors.flat().every(Number.isFinite)).toBe(true)
      expect(vectors[4]).toEqual(vectors[0])
      expect(vectors[1]).not.toEqual(vectors[0])
      expect(model).toMatch(/\S/)
    })

    it('gives a question the vector that it would have as a document', async () => {
      const together = await client.embed(['one', 'two', 'three'])
      expect((await client.embed(['two'])).vectors[0]).toEqual(together.vectors[1])
    })

    it('embeds nothing for an empty list', async () => {
      const { vectors, dimensions, usage } = await client.embed([])
      expect({ vectors, dimensions, usage }).toEqual({ vectors: [], dimensions: 0, usage: undefined })
    })

    it('refuses an empty text, and does not repeat the others', async () => {
      const failed = client.embed(['kept to myself', ' \n'])
      await expect(failed).rejects.toThrow(RangeError)
      await expect(failed).rejects.toThrow('text 2 of 2 is empty')
      await expect(failed).rejects.not.toThrow('kept to myself')
    })

    it('does nothing once the signal was aborted, and throws its reason', async () => {
      const signal = AbortSignal.abort(new Error('canceled'))
      await expect(client.embed(['a'], { signal })).rejects.toThrow('canceled')
    })

    it('takes many texts, also at the same time', async () => {
      const texts = Array.from({ length: 700 }, (_, index) => `text number ${index}`)
      const [one, two] = await Promise.all([client.embed(texts), client.embed([...texts].reverse())])
      expect(one.vectors).toHaveLength(700)
      expect([...two.vectors].reverse()).toEqual(one.vectors)
    })

    it('says what it is, and nothing of the texts, in its metadata', async () => {
      const result = await client.embed(['a b'])
      const metadata = client.metadata(result)
      expect(metadata).toMatchObject({ backend: client.backend, operation: 'embed texts', model: result.model })
      expect(metadata.prompt_tokens).toBe(result.usage?.promptTokens)
    })
  })
}
