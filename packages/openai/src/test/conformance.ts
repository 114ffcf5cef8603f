import { expect, it } from 'vitest'
import type { Embeddings } from '../index.ts'

const texts = ['Secrets never leave.', 'A schedule ticks.', 'hyvää päivää 😀', 'Secrets never leave.', ' ']

/** The tests that every backend of {@link Embeddings} must do. */
export function embeddingsConformance(prepare: () => Promise<Embeddings>): void {
  it('gives a vector of one size for each text, in order, and names the model', async () => {
    const client = await prepare()
    const { vectors, model, dimensions } = await client.embed(texts)
    expect(model).toBe(client.model)
    expect(vectors.map(({ length }) => length)).toEqual(texts.map(() => dimensions))
    expect(vectors.flat().every(Number.isFinite)).toBe(true)
    expect(vectors[3]).toEqual(vectors[0])
    expect(vectors[1]).not.toEqual(vectors[0])
    const [first] = (await client.embed([...texts].reverse())).vectors.toReversed()
    expect(first).toEqual(vectors[0])
  })

  it('gives vectors of the same size for queries, one at a time or together', async () => {
    const client = await prepare()
    const { dimensions } = await client.embed(texts)
    const together = (await client.embed(['secrets', 'ticks'], { purpose: 'query' })).vectors
    const alone = await Promise.all(['secrets', 'ticks'].map(async (text) => (await client.embed([text], { purpose: 'query' })).vectors[0]))
    expect(together).toEqual(alone)
    expect(together[0]).toHaveLength(dimensions)
  })

  it('embeds nothing without a call', async () => {
    expect(await (await prepare()).embed([])).toMatchObject({ vectors: [], dimensions: 0 })
  })

  it('refuses an empty text, and names its place only', async () => {
    await expect((await prepare()).embed(['a', ''])).rejects.toThrow(/text 1 of 2 is empty/)
  })

  it('embeds nothing once the signal was aborted, and throws its reason', async () => {
    await expect((await prepare()).embed(['a'], { signal: AbortSignal.abort(new Error('canceled')) })).rejects.toThrow('canceled')
    const run = AbortSignal.abort(new Error('run canceled'))
    await expect((await prepare()).embed(['a'], { signal: run })).rejects.toThrow('run canceled')
  })

  it('tells counts and the form in its metadata, no text and no vector', async () => {
    const client = await prepare()
    const metadata = client.metadata(await client.embed(texts))
    expect(metadata).toMatchObject({
      backend: client.backend,
      operation: 'embed texts',
      model: client.model,
      texts_count: texts.length,
      dimensions: expect.any(Number),
    })
    for (const [key, value] of Object.entries(metadata))
      expect(typeof value, key).toMatch(['backend', 'operation', 'model'].includes(key) ? /string/ : /number|undefined/)
  })
}
