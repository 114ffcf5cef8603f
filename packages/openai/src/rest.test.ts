import { secret } from 'dagma'
import { ServiceError } from 'dagma/author'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type EmbeddingsSettings, embeddingsFromEnv } from './index.ts'
import { fakeEndpoint, fakeVector } from './test/fake-endpoint.ts'
import { open } from './test/open.ts'

afterEach(() => vi.unstubAllEnvs())

const texts = (count: number) => Array.from({ length: count }, (_, index) => `text-${index}`)

describe('what is sent', () => {
  it('is what an OpenAI endpoint wants: model, texts, key, and the size that was asked for', async () => {
    vi.stubEnv('EMBEDDINGS_TEST_KEY', 'key-of-the-endpoint')
    await using endpoint = await fakeEndpoint()
    const client = await open({ baseUrl: `${endpoint.baseUrl}/`, model: 'm', dimensions: 8, apiKey: secret('EMBEDDINGS_TEST_KEY') })
    const { dimensions } = await client.embed(['one two', 'three'])
    expect(dimensions).toBe(8)
    expect(endpoint.asked).toMatchObject([
      {
        path: '/v1/embeddings',
        headers: { authorization: 'Bearer key-of-the-endpoint', 'content-type': 'application/json' },
        body: { model: 'm', input: ['one two', 'three'], encoding_format: 'float', dimensions: 8 },
      },
    ])
    await (await open({ baseUrl: endpoint.baseUrl, model: 'm', apiKey: secret('EMBEDDINGS_UNSET') })).embed(['a'])
    expect(endpoint.asked[1]?.headers.authorization).toBeUndefined()
    expect(endpoint.asked[1]?.body).not.toHaveProperty('dimensions')
  })

  it('is cut by count, and as much at once as asked for', async () => {
    await using endpoint = await fakeEndpoint()
    const client = await open({ baseUrl: endpoint.baseUrl, model: 'm', batchTexts: 10, concurrency: 3 })
    const asked = texts(95)
    const { vectors, usage } = await client.embed(asked)
    expect(vectors).toEqual(asked.map((text) => fakeVector(text)))
    expect(usage).toEqual({ promptTokens: 95, totalTokens: 95 })
    expect(endpoint.asked.map(({ body }) => body.input.length).sort()).toEqual([...Array(9).fill(10), 5].sort())
    expect(endpoint.mostAtWork()).toBeLessThanOrEqual(3)
    expect(endpoint.mostAtWork()).toBeGreaterThan(1)
  })

  it('is cut by bytes, and a long text goes by itself', async () => {
    await using endpoint = await fakeEndpoint()
    const client = await open({ baseUrl: endpoint.baseUrl, model: 'm', batchBytes: 20, concurrency: 1 })
    const asked = ['ääääääää', 'bb', 'cc', 'x'.repeat(50), 'd']
    expect((await client.embed(asked)).vectors).toEqual(asked.map((text) => fakeVector(text)))
    expect(endpoint.asked.map(({ body }) => body.input)).toEqual([['ääääääää', 'bb', 'cc'], ['x'.repeat(50)], ['d']])
  })
})

describe('what comes back', () => {
  it('carries the tokens that were counted, and the model that answered', async () => {
    await using endpoint = await fakeEndpoint()
    const client = await open({ baseUrl: endpoint.baseUrl, model: 'm' })
    const result = await client.embed(['a b c', 'd'])
    expect(result).toMatchObject({ model: 'm-0001', dimensions: 4, usage: { promptTokens: 4, totalTokens: 4 } })
    expect(client.metadata(result)).toEqual({
      backend: 'openai',
      operation: 'embed texts',
      model: 'm-0001',
      prompt_tokens: 4,
      total_tokens: 4,
    })
  })

  it('claims no tokens that nobody counted', async () => {
    for (const usage of [undefined, null, {}, { prompt_tokens: 'many' }]) {
      await using endpoint = await fakeEndpoint((answer) => ({ ...answer, usage }))
      const result = await (await open({ baseUrl: endpoint.baseUrl, model: 'm' })).embed(['a'])
      expect(result.usage).toBeUndefined()
    }
  })

  type Data = { index: number; embedding: number[] }[]
  const wrong = (change: (data: Data) => unknown) => (answer: Record<string, unknown>) => ({ ...answer, data: change(answer.data as Data) })
  it.each<[string, (answer: Record<string, unknown>) => unknown, RegExp]>([
    ['no list', () => ({ object: 'list' }), /no list of vectors/],
    ['null', () => null, /no list of vectors/],
    ['too few', wrong((data) => data.slice(1)), /1 vectors for 2 texts/],
    ['one index twice', wrong((data) => data.map((item) => ({ ...item, index: 0 }))), /which text each is of/],
    ['an index beyond', wrong((data) => data.map((item) => ({ ...item, index: item.index + 1 }))), /which text each is of/],
    ['no index', wrong((data) => data.map(({ embedding }) => ({ embedding }))), /which text each is of/],
    ['base64', wrong((data) => data.map((item) => ({ ...item, embedding: 'AAAA' }))), /no list of finite numbers/],
    ['null numbers', wrong((data) => data.map((item) => ({ ...item, embedding: [null] }))), /no list of finite numbers/],
    ['no numbers', wrong((data) => data.map((item) => ({ ...item, embedding: [] }))), /no list of finite numbers/],
    [
      'two sizes',
      wrong((data) => data.map((item) => ({ ...item, embedding: Array(item.index + 1).fill(1) }))),
      /different sizes: 1 and 2 numbers/,
    ],
  ])('is refused, with a cure, when it has %s', async (_, change, reason) => {
    await using endpoint = await fakeEndpoint(change)
    const failed = (await open({ baseUrl: endpoint.baseUrl, model: 'm' })).embed(['kept to', 'myself'])
    await expect(failed).rejects.toThrow(ServiceError)
    await expect(failed).rejects.toThrow(reason)
    await expect(failed).rejects.toThrow(/^Embeddings: embed texts failed: POST \S+\/v1\/embeddings answered 200: .*\. (Check|Set) /)
    await expect(failed).rejects.not.toThrow('myself')
  })

  it('is refused when the size is another than was asked for', async () => {
    await using endpoint = await fakeEndpoint((answer) => ({
      ...answer,
      data: (answer.data as Data).map((item) => ({ ...item, embedding: [1, 2] })),
    }))
    const failed = (await open({ baseUrl: endpoint.baseUrl, model: 'm', dimensions: 3 })).embed(['a'])
    await expect(failed).rejects.toThrow(/the vectors have 2 numbers, not 3\. Set EMBEDDINGS_DIMENSIONS/)
  })

  it('is the first failure, after which no more is sent', async () => {
    await using endpoint = await fakeEndpoint((answer, { body }) => (body.input.includes('text-3') ? { data: [] } : answer))
    const client = await open({ baseUrl: endpoint.baseUrl, model: 'm', batchTexts: 1, concurrency: 2 })
    await expect(client.embed(texts(100))).rejects.toThrow(/0 vectors for 1 texts/)
    const sent = endpoint.asked.length
    expect(sent).toBeLessThan(10)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(endpoint.asked.length).toBe(sent)
  })

  it('is the reason of the signal, when that ends it', async () => {
    await using endpoint = await fakeEndpoint()
    const abort = new AbortController()
    const client = await open({ baseUrl: endpoint.baseUrl, model: 'm', batchTexts: 1, concurrency: 1 })
    const failed = client.embed(texts(1000), { signal: abort.signal })
    setTimeout(() => abort.abort(new Error('canceled')), 30)
    await expect(failed).rejects.toThrow('canceled')
    expect(endpoint.asked.length).toBeLessThan(100)
  })
})

describe('settings', () => {
  it.each<[EmbeddingsSettings, RegExp]>([
    [{ baseUrl: 'localhost:11434/v1', model: 'm' }, /^EMBEDDINGS_BASE_URL is no http or https URL/],
    [{ baseUrl: 'http://me:password@host/v1', model: 'm' }, /user name or password/],
    [{ baseUrl: 'http://host/v1' }, /Set EMBEDDINGS_MODEL/],
    [{ dimensions: Number.NaN }, /Set EMBEDDINGS_DIMENSIONS/],
    [{ batchTexts: 0 }, /batchTexts is no whole number/],
    [{ concurrency: 1.5 }, /concurrency is no whole number/],
  ])('%j is refused when it opens', async (settings, message) => {
    const failed = open(settings)
    await expect(failed).rejects.toThrow(message)
    await expect(failed).rejects.not.toThrow('me:password')
  })

  it('come from the environment, read late', async () => {
    vi.stubEnv('EMBEDDINGS_BASE_URL', '')
    expect((await open(embeddingsFromEnv)).backend).toBe('local')
    for (const [name, value] of [
      ['BASE_URL', 'http://host/v1'],
      ['MODEL', 'm'],
      ['DIMENSIONS', '8'],
      ['API_KEY', 'key-of-the-endpoint'],
    ])
      vi.stubEnv(`EMBEDDINGS_${name}`, value)
    expect(embeddingsFromEnv()).toEqual({ baseUrl: 'http://host/v1', model: 'm', dimensions: 8, apiKey: secret('EMBEDDINGS_API_KEY') })
    expect(await open(embeddingsFromEnv)).toMatchObject({ backend: 'openai', model: 'm' })
  })

  it('let redaction know the key as soon as the package is loaded', () => {
    const declared = (globalThis as { [known: symbol]: ReadonlyMap<string, unknown> | undefined })[Symbol.for('dagma.secrets')]
    expect([...(declared?.keys() ?? [])]).toContain('EMBEDDINGS_API_KEY')
  })
})
