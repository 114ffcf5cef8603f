import net from 'node:net'
import { secret } from 'dagma'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { embeddingsConformance } from './test/conformance.ts'
import { fakeEndpoint, vectorOf } from './test/fake-endpoint.ts'
import { open } from './test/open.ts'

describe('the local embedder', () => {
  embeddingsConformance(() => open({}))

  it('says that it is local, and counts no tokens', async () => {
    const client = await open({ model: 'unused' })
    const embedded = await client.embed(['a'])
    expect(client).toMatchObject({ backend: 'local', model: 'local-hashing', distance: 'Dot' })
    expect(embedded).toMatchObject({ usage: undefined, dimensions: 2048 })
    expect(client.metadata(embedded).prompt_tokens).toBeUndefined()
  })

  it('gives vectors of the size that is set', async () => {
    expect(await (await open({ dimensions: 64 })).embed(['some words'])).toMatchObject({ dimensions: 64 })
  })

  it('finds the text that shares rare words with the query, headings first', async () => {
    const client = await open({})
    const documents = ['# Runs\n## Secrets\nThey are redacted.', 'A run has secrets, and steps, and a log.', 'Schedules tick at night.']
    const { vectors } = await client.embed(documents)
    const scores = async (query: string) => {
      const [asked = []] = (await client.embed([query], { purpose: 'query' })).vectors
      return vectors.map((vector) => vector.reduce((sum, number, place) => sum + number * (asked[place] ?? 0), 0))
    }
    expect(best(await scores('What about secrets?'))).toBe(0)
    expect(best(await scores('Which log has steps?'))).toBe(1)
    expect(best(await scores('When does it tick?'))).toBe(2)
  })

  it('opens no socket', async () => {
    const connect = vi.spyOn(net.Socket.prototype, 'connect')
    const fetched = vi.spyOn(globalThis, 'fetch')
    await (await open({})).embed(['a'])
    expect(connect).not.toHaveBeenCalled()
    expect(fetched).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })
})

describe('an endpoint', () => {
  let endpoint: Awaited<ReturnType<typeof fakeEndpoint>>
  beforeAll(async () => {
    vi.stubEnv('EMBEDDINGS_TEST_KEY', 'key-of-the-embeddings-tests')
    endpoint = await fakeEndpoint({ key: 'key-of-the-embeddings-tests' })
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await endpoint[Symbol.asyncDispose]()
  })
  const settings = () => ({ baseUrl: endpoint.url, model: 'fake', apiKey: secret('EMBEDDINGS_TEST_KEY') })

  describe('in one call', () => embeddingsConformance(() => open(settings())))
  describe('in many calls', () => embeddingsConformance(() => open({ ...settings(), batchTexts: 2, parallel: 2 })))

  it('gets the model, the texts and the key, below the root that is set', async () => {
    for (const baseUrl of [endpoint.url, `${endpoint.url}/`, `${endpoint.url}/v1`, `${endpoint.url}/v1/`]) {
      endpoint.taken.length = 0
      await (await open({ ...settings(), baseUrl })).embed(['one', 'two'])
      expect(endpoint.taken).toEqual([
        {
          url: '/v1/embeddings',
          authorization: 'Bearer key-of-the-embeddings-tests',
          model: 'fake',
          input: ['one', 'two'],
          encoding_format: 'float',
        },
      ])
    }
  })

  it('is asked for the dimensions that are set, and only then', async () => {
    endpoint.taken.length = 0
    expect(await (await open({ ...settings(), dimensions: 8 })).embed(['one'])).toMatchObject({ dimensions: 8 })
    expect(endpoint.taken).toMatchObject([{ dimensions: 8 }])
  })

  it('is asked in batches by count and by bytes; vectors keep their texts and tokens are summed', async () => {
    endpoint.taken.length = 0
    const texts = Array.from({ length: 25 }, (_, index) => `text ${index}`.repeat(1 + (index % 3)))
    const client = await open({ ...settings(), batchTexts: 4, batchBytes: 40, parallel: 3 })
    const { vectors, usage } = await client.embed(texts)
    expect(vectors).toEqual(texts.map((text) => vectorOf(text, 3)))
    const characters = texts.join('').length
    expect(usage).toEqual({ promptTokens: characters, totalTokens: characters })
    expect(endpoint.taken.flatMap(({ input }) => input).toSorted()).toEqual(texts.toSorted())
    for (const { input } of endpoint.taken) {
      expect(input.length).toBeLessThanOrEqual(4)
      expect(input.length === 1 || Buffer.byteLength(input.join('')) <= 40).toBe(true)
    }
    expect(client.metadata(await client.embed(['four']))).toMatchObject({ backend: 'openai', prompt_tokens: 4, total_tokens: 4 })
  })
})

function best(scores: readonly number[]): number {
  return scores.indexOf(Math.max(...scores))
}
