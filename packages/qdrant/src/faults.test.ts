import { secret } from 'dagma'
import { ServiceError } from 'dagma/author'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { Crowd } from '../../../scripts/test-services/crowd.ts'
import { faultServer, json } from '../../../scripts/test-services/fault-server.ts'
import { faultSuite } from '../../../scripts/test-services/fault-suite.ts'
import { open } from './test/open.ts'

const key = 'key-of-the-fault-tests'
vi.stubEnv('QDRANT_FAULT_KEY', key)
afterAll(() => vi.unstubAllEnvs())

const at = async (url: string, settings = {}) =>
  (await open({ collection: 'docs', url, apiKey: secret('QDRANT_FAULT_KEY'), ...settings })).client

faultSuite({
  system: 'Qdrant',
  call: async (url, timeoutMs) => (await at(url, { timeoutMs })).count(),
  idempotent: true,
  secrets: [key],
  good: { result: { count: 1 } },
})

describe('deleteCollection, which is not sent twice', () => {
  faultSuite({
    system: 'Qdrant',
    call: async (url, timeoutMs) => (await at(url, { timeoutMs })).deleteCollection(),
    idempotent: false,
    secrets: [key],
    good: { result: true },
  })
})

describe.concurrent('Qdrant: what it sends', () => {
  it('sends the key in its header only, and waits for writes', async () => {
    const seen: unknown[] = []
    await using server = await faultServer((request, response) => {
      seen.push([request.method, request.url, request.headers['api-key']])
      json(response, { result: { status: 'completed' } })
    })
    const client = await at(`${server.url}/proxied/`)
    await client.upsert([{ id: 1, vector: [1] }])
    await client.delete({ ids: [1] })
    expect(seen).toEqual([
      ['PUT', '/proxied/collections/docs/points?wait=true', key],
      ['POST', '/proxied/collections/docs/points/delete?wait=true', key],
    ])
  })

  it('connects to nothing when it opens', async () => {
    await using server = await faultServer((_, response) => json(response, {}))
    await at(server.url)
    expect(server.requests()).toBe(0)
  })

  it('has at most four concurrent upserts, and starts none after a failure', async () => {
    let upserts = 0
    let hasFailed = false
    const crowd = new Crowd(4, () => fetch(server.url))
    await using server = await faultServer((request, response) => {
      const answer = (status: number) => json(response, { result: { status: 'completed' } }, status)
      if (request.method === 'GET' || hasFailed) return answer(200)
      const status = ++upserts === 6 ? 400 : 200
      crowd.join(() => {
        hasFailed ||= status === 400
        answer(status)
      })
    })
    const points = Array.from({ length: 20_000 }, (_, id) => ({ id, vector: [1] }))
    await expect((await at(server.url)).upsert(points)).rejects.toThrow(/upsert points failed: PUT .* answered 400: Bad Request/)
    expect(crowd.most).toBe(4)
    // Those that were at work when the sixth failed, and at most one more for each of the others that ended with it.
    expect(upserts).toBeLessThan(12)
  })

  it('keeps the text of a server’s error to itself', async () => {
    await using server = await faultServer((_, response) => json(response, { status: { error: 'Wrong input: text of a user' } }, 400))
    await expect((await at(server.url)).count()).rejects.toThrow(/answered 400: Bad Request\. /)
  })

  it('says so when the answer is not of Qdrant’s form', async () => {
    await using server = await faultServer((_, response) => json(response, { result: { hits: [] }, other: true }))
    const client = await at(server.url)
    await expect(client.query({ vector: [1] })).rejects.toThrow(/the answer does not have the form of a Qdrant answer/)
    await expect(client.retrieve([1])).rejects.toThrow(ServiceError)
    await expect(client.collectionInfo()).rejects.toThrow(ServiceError)
  })

  it('refuses a collection with named vectors', async () => {
    await using server = await faultServer((_, response) =>
      json(response, { result: { status: 'green', config: { params: { vectors: { title: { size: 2 } } } } } }),
    )
    const client = await at(server.url)
    await expect(client.ensureCollection({ size: 2 })).rejects.toThrow(/is not as declared: it has named vectors/)
    await expect(client.collectionInfo()).rejects.toThrow(/has named vectors/)
  })

  it('throws the reason of the run’s signal when it is canceled', async () => {
    const run = new AbortController()
    await using server = await faultServer(() => run.abort(new Error('the run was canceled')))
    await using opened = await open({ collection: 'docs', url: server.url }, { signal: run.signal })
    await expect(opened.client.count()).rejects.toThrow('the run was canceled')
  })

  it('keeps a key to itself that no header can carry', async () => {
    vi.stubEnv('QDRANT_FAULT_BROKEN_KEY', 'first line\nsecond line')
    await using server = await faultServer((_, response) => json(response, {}))
    const error: Error = await (await at(server.url, { apiKey: secret('QDRANT_FAULT_BROKEN_KEY') })).count().then(
      () => expect.unreachable(),
      (thrown) => thrown,
    )
    expect(error).toBeInstanceOf(ServiceError)
    expect(String(error.stack)).not.toContain('second line')
  })

  it('warns of a key that goes unencrypted to another machine', async () => {
    const warnings: string[] = []
    const apiKey = secret('QDRANT_FAULT_KEY')
    await open({ collection: 'docs', host: 'qdrant.example', apiKey }, { warnings })
    await open({ collection: 'docs', host: 'qdrant.example', https: true, apiKey }, { warnings })
    await open({ collection: 'docs', host: '127.0.0.1', apiKey }, { warnings })
    expect(warnings).toEqual(['Qdrant: the API key is sent unencrypted to qdrant.example:6333; use https.'])
  })
})
