/** The embedding endpoint that EMBEDDINGS_BASE_URL names takes the place of the local embedder, for passages and questions alike. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { embedTextsStub, qdrantSearch } from '../src/defs/llm/assets.ts'
import { goldenSet } from '../src/search/golden-set.ts'
import { LocalProject } from './local-run.ts'

const size = 26

/** How often each letter is in the text: not of length 1, as some models' vectors are not. */
const letters = (text: string): number[] =>
  Array.from({ length: size }, (_, place) => text.toLowerCase().split(String.fromCharCode(97 + place)).length - 1)

const inputs: string[] = []
const server = createServer(async (request, response) => {
  const { model, input } = (await json(request)) as { model: string; input: string[] }
  inputs.push(...input)
  const data = input.map((text, index) => ({ index, embedding: letters(text) }))
  const usage = { prompt_tokens: input.length * 10, total_tokens: input.length * 10 }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ model, data, usage }))
})

const baseUrl = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`

let project: LocalProject
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  project = new LocalProject()
  vi.stubEnv('EMBEDDINGS_BASE_URL', baseUrl())
  vi.stubEnv('EMBEDDINGS_MODEL', 'letters')
})
afterAll(() => {
  project[Symbol.dispose]()
  server.closeAllConnections()
  server.close()
})

describe('with an embedding endpoint', () => {
  it('passages and the question go through it, and the collection has its size', async () => {
    const question = 'zzz quiz jazz'
    const run = await project.run('embed_texts_stub,qdrant_upsert,qdrant_search', { qdrant_search: { question, limit: 20 } })
    const passages = await run.load(embedTextsStub)
    expect(inputs.at(-1)).toBe(question)
    expect(inputs).toHaveLength(passages.length + goldenSet.length + 1)
    for (const { vector } of passages) expect(vector).toHaveLength(size)
    expect(run.materializations.get('embed_texts_stub')?.metadata).toMatchObject({
      backend: { raw_value: 'openai' },
      operation: { raw_value: 'embed texts' },
      model: { raw_value: 'letters' },
      dimensions: { raw_value: size },
      texts_count: { raw_value: passages.length },
      prompt_tokens: { type: 'int', raw_value: passages.length * 10 },
      total_tokens: { type: 'int', raw_value: passages.length * 10 },
    })
    // Best first, by the cosine.
    const hits = await run.load(qdrantSearch)
    const asked = letters(question)
    const cosine = (vector: readonly number[]) =>
      vector.reduce((sum, value, place) => sum + value * (asked[place] ?? 0), 0) / (Math.hypot(...vector) * Math.hypot(...asked))
    const best = Math.max(...passages.map(({ vector }) => cosine(vector)))
    expect(hits).toHaveLength(20)
    expect(hits[0]?.score).toBeCloseTo(best, 4)
  })

  it('each model has its own collection, so that neither finds what the other stored', async () => {
    vi.stubEnv('EMBEDDINGS_BASE_URL', undefined)
    const local = await project.run('embed_texts_stub,qdrant_upsert,qdrant_search')
    expect(local.materializations.get('qdrant_search')?.metadata.collection?.raw_value).toBe('dagma_docs')
    vi.stubEnv('EMBEDDINGS_BASE_URL', baseUrl())
    const remote = await project.run('qdrant_search')
    expect(remote.materializations.get('qdrant_search')?.metadata.collection?.raw_value).toBe('dagma_docs_letters')
    expect(await remote.load(qdrantSearch)).toHaveLength(3)
  })

  it('in one collection a model finds nothing that another stored, though the sizes are the same', async () => {
    vi.stubEnv('EMBEDDINGS_BASE_URL', baseUrl())
    vi.stubEnv('QDRANT_COLLECTION', 'shared')
    await project.run('embed_texts_stub,qdrant_upsert')
    vi.stubEnv('EMBEDDINGS_MODEL', 'other')
    expect(await (await project.run('qdrant_search')).load(qdrantSearch)).toEqual([])
    await expect(project.run('qdrant_upsert')).rejects.toThrow(/embedded by letters, not by other: materialize embed_texts_stub again/)
  })
})
