/** How OpenAI-compatible servers differ: each row is a real server that does one thing in its own way, and what comes of it. */
import { describe, expect, it } from 'vitest'
import { faultServer, type Handler, json } from '../../../scripts/test-services/fault-server.ts'
import { open } from './test/open.ts'

const texts = ['one', 'two', 'three']
/** A vector for each text that is asked for: its place and its length. */
const vectors = (body: string): number[][] => (JSON.parse(body).input as string[]).map((text, place) => [place, text.length])
const expected = vectors(JSON.stringify({ input: texts }))
const base64 = (numbers: readonly number[]) => Buffer.from(new Float32Array(numbers).buffer).toString('base64')
const answering =
  (answer: (made: number[][], body: string) => object): Handler =>
  (_request, response, _count, body) =>
    json(response, answer(vectors(body), body))
const data = (made: number[][]) => made.map((embedding, index) => ({ index, embedding }))

const served: { readonly [name: string]: { readonly server: Handler; readonly tokens?: number } } = {
  'base64 whatever it is asked for': {
    server: answering((made) => ({ data: made.map((embedding, index) => ({ index, embedding: base64(embedding) })) })),
  },
  'no usage': { server: answering((made) => ({ data: data(made) })) },
  'usage that is null': { server: answering((made) => ({ data: data(made), usage: null })) },
  'usage without a total': { server: answering((made) => ({ data: data(made), usage: { prompt_tokens: 7 } })), tokens: 7 },
  'vectors in another order': { server: answering((made) => ({ data: data(made).reverse() })) },
  'no indexes': { server: answering((made) => ({ data: made.map((embedding) => ({ embedding })) })) },
  'indexes that are null': { server: answering((made) => ({ data: made.map((embedding) => ({ index: null, embedding })) })) },
  'the index 0 left out': {
    server: answering((made) => ({ data: made.map((embedding, index) => (index === 0 ? { embedding } : { index, embedding })) })),
  },
  'indexes that are texts': { server: answering((made) => ({ data: data(made).map((one) => ({ ...one, index: String(one.index) })) })) },
  '429 with Retry-After': {
    server: (_request, response, count, body) =>
      count === 1 ? json(response, {}, 429, { 'retry-after': '0' }) : json(response, { data: data(vectors(body)) }),
  },
  '429 with a Retry-After that is neither a number nor a date': {
    server: (_request, response, count, body) =>
      count === 1 ? json(response, {}, 429, { 'retry-after': 'soon' }) : json(response, { data: data(vectors(body)) }),
  },
  '429 without Retry-After': {
    server: (_request, response, count, body) => (count === 1 ? json(response, {}, 429) : json(response, { data: data(vectors(body)) })),
  },
}

describe.concurrent('a compatible server with', () => {
  for (const [name, { server, tokens }] of Object.entries(served))
    it(name, async () => {
      await using endpoint = await faultServer(server)
      const { vectors: got, usage } = await (await open({ baseUrl: endpoint.url, model: 'fake' })).embed(texts)
      expect(got).toEqual(expected)
      expect(usage).toEqual(tokens === undefined ? undefined : { promptTokens: tokens, totalTokens: tokens })
    })

  it('dimensions refused: an error that names the setting', async () => {
    await using endpoint = await faultServer((_request, response, _count, body) =>
      'dimensions' in JSON.parse(body) ? json(response, { error: 'unknown field' }, 400) : json(response, { data: data(vectors(body)) }),
    )
    const client = await open({ baseUrl: endpoint.url, model: 'fake', dimensions: 2 })
    await expect(client.embed(texts)).rejects.toThrow(/answered 400: .*EMBEDDINGS_DIMENSIONS/)
  })

  it('dimensions ignored: an error that names the setting', async () => {
    await using endpoint = await faultServer(answering((made) => ({ data: data(made) })))
    const client = await open({ baseUrl: endpoint.url, model: 'fake', dimensions: 8 })
    await expect(client.embed(texts)).rejects.toThrow(/2 numbers, not 8 as asked for\. Leave EMBEDDINGS_DIMENSIONS out/)
  })

  it('empty texts refused, or embedded as nothing: they are not sent', async () => {
    await using endpoint = await faultServer(answering(() => ({ data: [] })))
    const client = await open({ baseUrl: endpoint.url, model: 'fake' })
    await expect(client.embed(['one', ''])).rejects.toThrow(/text 1 of 2 is empty/)
    expect(endpoint.requests()).toBe(0)
  })
})
