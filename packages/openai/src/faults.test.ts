import { secret } from 'dagma'
import { ServiceError } from 'dagma/author'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { Crowd } from '../../../scripts/test-services/crowd.ts'
import { bodyMarker, faultServer, json } from '../../../scripts/test-services/fault-server.ts'
import { faultSuite } from '../../../scripts/test-services/fault-suite.ts'
import { open } from './test/open.ts'

vi.stubEnv('EMBEDDINGS_FAULT_KEY', 'key-of-the-fault-tests')
afterAll(() => vi.unstubAllEnvs())

const at = (baseUrl: string, settings = {}) => open({ baseUrl, model: 'fake', apiKey: secret('EMBEDDINGS_FAULT_KEY'), ...settings })
const item = (embedding: unknown, index: unknown = 0) => ({ index, embedding })
const base64 = (numbers: readonly number[]) => Buffer.from(new Float32Array(numbers).buffer).toString('base64')

faultSuite({
  system: 'Embeddings',
  call: async (url, timeoutMs) => (await at(url, { timeoutMs })).embed(['a text that stays here']),
  idempotent: true,
  secrets: ['key-of-the-fault-tests', 'a text that stays here'],
  good: { data: [item([1, 2])] },
})

describe.concurrent('Embeddings: answers that cannot be used', () => {
  it.each<[what: string, answer: unknown, reason: string]>([
    ['nothing', null, 'the answer has no list of vectors'],
    ['no list', { data: { embedding: [1] } }, 'the answer has no list of vectors'],
    ['too few vectors', { data: [item([1])] }, 'the answer has 1 vectors for 2 texts'],
    ['too many vectors', { data: [item([1]), item([1], 1), item([1], 2)] }, 'the answer has 3 vectors for 2 texts'],
    ['an index twice', { data: [item([1]), item([2])] }, 'the answer does not say of each vector which text it belongs to'],
    ['an index too high', { data: [item([1]), item([2], 2)] }, 'the answer does not say of each vector which text it belongs to'],
    ['the index 0 twice', { data: [item([1]), { embedding: [2] }] }, 'the answer does not say of each vector which text it belongs to'],
    [
      'an index that is not a number',
      { data: [item([1]), item([2], 'b')] },
      'the answer does not say of each vector which text it belongs to',
    ],
    [
      'an index that is an object',
      { data: [item([1]), item([2], { toString: 0 })] },
      'the answer does not say of each vector which text it belongs to',
    ],
    ['half an index', { data: [item([1]), item([2], 0.5)] }, 'the answer does not say of each vector which text it belongs to'],
    ['base64 of half a float', { data: [item('AAAA'), item('AAAA', 1)] }, 'a vector of the answer is not a list of numbers'],
    ['a text for a vector', { data: [item('not base64 at all'), item('', 1)] }, 'a vector of the answer is not a list of numbers'],
    ['NaN as base64', { data: [item(base64([Number.NaN])), item([1], 1)] }, 'a vector of the answer is not a list of numbers'],
    ['an empty vector', { data: [item([]), item([], 1)] }, 'a vector of the answer is not a list of numbers'],
    ['null in a vector', { data: [item([null]), item([1], 1)] }, 'a vector of the answer is not a list of numbers'],
    ['two sizes', { data: [item([1, 2]), item([1], 1)] }, 'the answer has vectors of 2 and of 1 numbers'],
  ])('%s', async (_what, answer, reason) => {
    await using server = await faultServer((_, response) => json(response, answer))
    const failure = (await at(server.url)).embed([`a ${bodyMarker}`, 'b'])
    await expect(failure).rejects.toBeInstanceOf(ServiceError)
    await expect(failure).rejects.toThrow(
      `Embeddings: embed texts failed: POST ${server.url}/v1/embeddings: ${reason}. ${/which text/.test(reason) ? 'Set batchTexts to 1' : 'Check that EMBEDDINGS_BASE_URL'}`,
    )
    await expect(failure).rejects.not.toThrow(bodyMarker)
  })

  it('a size other than the one asked for', async () => {
    await using server = await faultServer((_, response) => json(response, { data: [item([1, 2, 3])] }))
    const client = await open({ baseUrl: server.url, model: 'fake', dimensions: 8 })
    await expect(client.embed(['a'])).rejects.toThrow('the vectors have 3 numbers, not 8 as asked for. Leave EMBEDDINGS_DIMENSIONS out')
  })

  it('a size other than that of the texts before', async () => {
    await using server = await faultServer((_, response, count) => json(response, { data: [item(new Array(count).fill(1))] }))
    const client = await open({ baseUrl: server.url, model: 'fake', batchTexts: 1, parallel: 1 })
    expect((await client.embed(['a'])).dimensions).toBe(1)
    await expect(client.embed(['b'], { purpose: 'query' })).rejects.toThrow('the vectors have 2 numbers, not 1 as before')
    const other = await open({ baseUrl: server.url, model: 'fake', batchTexts: 1, parallel: 1 })
    await expect(other.embed(['a', 'b'])).rejects.toThrow(/the vectors have 4 numbers, not 3 as before/)
  })

  it('no usage in one of the answers: then none is reported', async () => {
    await using server = await faultServer((_, response, count) =>
      json(response, { data: [item([1])], ...(count === 1 && { usage: { prompt_tokens: 5 } }) }),
    )
    const client = await open({ baseUrl: server.url, model: 'fake', batchTexts: 1, parallel: 1 })
    expect((await client.embed(['a'])).usage).toEqual({ promptTokens: 5, totalTokens: 5 })
    expect((await client.embed(['a', 'b'])).usage).toBeUndefined()
  })
})

describe.concurrent('Embeddings: several calls', () => {
  it('stop at the first failure, which is the one that is thrown', async () => {
    await using server = await faultServer((_, response, count) => {
      if (count === 2) json(response, {}, 400)
      // The others are answered never: they must be given up.
    })
    const client = await open({ baseUrl: server.url, model: 'fake', batchTexts: 1, parallel: 2 })
    await expect(client.embed(['a', 'b', 'c', 'd'])).rejects.toThrow(/answered 400: Bad Request\. Check that EMBEDDINGS_MODEL/)
    expect(server.requests()).toBe(2)
  })

  it('are never more concurrently than asked for', async () => {
    const crowd = new Crowd(3, () => fetch(server.url))
    await using server = await faultServer((request, response) => {
      const answer = () => json(response, { data: [item([1])] })
      if (request.method === 'GET') answer()
      else crowd.join(answer)
    })
    const client = await open({ baseUrl: server.url, model: 'fake', batchTexts: 1, parallel: 3 })
    await client.embed(Array.from({ length: 12 }, (_, index) => `text ${index}`))
    expect(crowd.most).toBe(3)
  })

  it('stop when the signal is aborted on the way, with its reason', async () => {
    const abort = new AbortController()
    await using server = await faultServer(() => abort.abort(new Error('canceled')))
    const client = await open({ baseUrl: server.url, model: 'fake', batchTexts: 1 })
    await expect(client.embed(['a', 'b', 'c'], { signal: abort.signal })).rejects.toThrow('canceled')
  })
})
