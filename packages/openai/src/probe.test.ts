import { secret } from 'dagma'
import type { Finding } from 'dagma/author'
import { afterEach, expect, it, vi } from 'vitest'
import { bodyMarker, faultServer, type Handler, json } from '../../../scripts/test-services/fault-server.ts'
import { probed } from '../../../scripts/test-services/probing.ts'
import { type EmbeddingsSettings, embeddings, embeddingsFromEnv } from './index.ts'
import { fakeEndpoint } from './test/fake-endpoint.ts'

afterEach(() => vi.unstubAllEnvs())

const key = 'key-of-the-doctor'

const probe = (settings: EmbeddingsSettings | (() => EmbeddingsSettings), options = {}) =>
  probed(embeddings, settings, { hidden: key, ...options })

const marks = (findings: readonly Finding[]) => findings.map(({ check, status }) => `${check}: ${status}`)
const withKey = (baseUrl: string, more: Partial<EmbeddingsSettings> = {}): EmbeddingsSettings => {
  vi.stubEnv('EMBEDDINGS_DOCTOR_KEY', key)
  return { baseUrl, model: 'fake', apiKey: secret('EMBEDDINGS_DOCTOR_KEY'), ...more }
}

it('finds an endpoint that is well, with one call of one word', async () => {
  await using endpoint = await fakeEndpoint({ key })
  expect(await probe(withKey(endpoint.url))).toEqual([
    { check: 'reachable', status: 'ok', message: `${endpoint.url}/v1 answers.` },
    { check: 'authentication', status: 'ok', message: 'The key in EMBEDDINGS_DOCTOR_KEY is accepted.' },
    { check: 'EMBEDDINGS_MODEL', status: 'ok', message: 'Model "fake" returns vectors of 3 numbers.' },
  ])
  expect(endpoint.taken.map(({ input }) => input)).toEqual([['dagma']])
})

it('finds that no key is set where one is wanted, and that a key is wrong', async () => {
  await using endpoint = await fakeEndpoint({ key })
  const missing = await probe({ baseUrl: endpoint.url, model: 'fake' })
  expect(marks(missing)).toEqual(['reachable: ok', 'authentication: error'])
  expect(missing[1]?.fix).toContain('set EMBEDDINGS_API_KEY')
  vi.stubEnv('EMBEDDINGS_WRONG_KEY', 'key-that-is-wrong')
  const wrong = await probe({ ...withKey(endpoint.url), apiKey: secret('EMBEDDINGS_WRONG_KEY') })
  expect(marks(wrong)).toEqual(['reachable: ok', 'authentication: error'])
  expect(wrong[1]?.fix).toContain('Check the value of EMBEDDINGS_WRONG_KEY')
})

it('finds that the endpoint has no such model', async () => {
  await using endpoint = await fakeEndpoint()
  const findings = await probe(withKey(endpoint.url, { model: 'other' }))
  expect(marks(findings)).toEqual(['reachable: ok', 'EMBEDDINGS_MODEL: error'])
  expect(findings[1]?.fix).toMatch(/has the model in EMBEDDINGS_MODEL/)
})

it('finds that the model gives vectors of another size', async () => {
  await using server = await faultServer((_, response) => json(response, { data: [{ index: 0, embedding: [1, 2] }] }))
  expect(marks(await probe(withKey(server.url, { dimensions: 8 })))).toEqual([
    'reachable: ok',
    'authentication: ok',
    'EMBEDDINGS_DIMENSIONS: error',
  ])
})

it.each<[what: string, handler: Handler]>([
  ['a page', (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(`<p>${bodyMarker}`)],
  ['a redirect', (_, response) => void response.writeHead(302, { location: '/login' }).end()],
  ['another kind of JSON', (_, response) => json(response, { status: bodyMarker })],
])('finds that %s answers instead', async (_what, handler) => {
  await using server = await faultServer(handler)
  expect(marks(await probe(withKey(server.url)))).toEqual(['reachable: error'])
})

it('finds that nothing answers in time', async () => {
  await using server = await faultServer(() => {})
  expect(marks(await probe(withKey(server.url), { timeoutMs: 300 }))).toEqual(['reachable: error'])
})

it('finds that nothing listens there, and asks once', async () => {
  const server = await faultServer(() => {})
  await server[Symbol.asyncDispose]()
  expect((await probe(withKey(server.url)))[0]).toMatchObject({
    check: 'reachable',
    status: 'error',
    message: expect.stringMatching(/connection refused/),
  })
})

it('finds that the endpoint is in trouble, without trying again', async () => {
  await using server = await faultServer((_, response) => json(response, { error: bodyMarker }, 429))
  expect(marks(await probe(withKey(server.url)))).toEqual(['reachable: ok', 'embeddings: error'])
  expect(server.requests()).toBe(1)
})

it('finds that the local embedder serves, what turns a model on, and what is set without success', async () => {
  for (const name of ['BASE_URL', 'MODEL', 'API_KEY', 'DIMENSIONS']) vi.stubEnv(`EMBEDDINGS_${name}`, '')
  expect(await probe(embeddingsFromEnv)).toEqual([
    { check: 'backend', status: 'local', message: expect.any(String), fix: expect.stringContaining('EMBEDDINGS_BASE_URL') },
  ])
  vi.stubEnv('EMBEDDINGS_MODEL', 'm')
  vi.stubEnv('EMBEDDINGS_API_KEY', key)
  const idle = await probe(embeddingsFromEnv)
  expect(marks(idle)).toEqual(['backend: local', 'EMBEDDINGS_BASE_URL: warning'])
  expect(idle[1]?.message).toContain('EMBEDDINGS_MODEL and EMBEDDINGS_API_KEY unused')
})
