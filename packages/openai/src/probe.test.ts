import { type Finding, secret } from 'dagma'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bodyMarker, faultServer, json } from '../../../scripts/test-services/fault-server.ts'
import { type EmbeddingsSettings, embeddings } from './index.ts'
import { fakeEndpoint } from './test/fake-endpoint.ts'

afterEach(() => vi.unstubAllEnvs())

async function probe(settings: EmbeddingsSettings): Promise<readonly Finding[]> {
  vi.stubEnv('EMBEDDINGS_DOCTOR_KEY', 'key-of-the-doctor')
  const context = { projectFolder: '/nowhere', timeoutMs: 400, signal: new AbortController().signal }
  const findings = (await embeddings(settings).probe?.(context)) ?? []
  expect(JSON.stringify(findings)).not.toMatch(new RegExp(`key-of-the-doctor|${bodyMarker}`))
  for (const { status, cure } of findings) if (status !== 'good') expect(cure).toMatch(/\S/)
  return findings
}

const apiKey = () => secret('EMBEDDINGS_DOCTOR_KEY')

describe('the probe', () => {
  it('embeds one word, and says model, size and key', async () => {
    await using endpoint = await fakeEndpoint()
    expect(await probe({ baseUrl: endpoint.baseUrl, model: 'm', apiKey: apiKey() })).toEqual([
      { check: 'embeddings', status: 'good', found: 'Model m-0001 gives vectors of 4 numbers.' },
      { check: 'authentication', status: 'good', found: 'The key in EMBEDDINGS_DOCTOR_KEY is taken.' },
    ])
    expect(endpoint.asked.map(({ body }) => body.input)).toEqual([['word']])
  })

  it('says that the local form serves, and what is set to no end', async () => {
    expect(await probe({})).toMatchObject([{ check: 'backend', status: 'local', cure: expect.stringContaining('EMBEDDINGS_BASE_URL') }])
    expect(await probe({ model: 'm', apiKey: apiKey() })).toMatchObject([
      { status: 'local' },
      {
        check: 'EMBEDDINGS_BASE_URL',
        status: 'warning',
        found: expect.stringContaining('EMBEDDINGS_DOCTOR_KEY and EMBEDDINGS_MODEL unused'),
      },
    ])
  })

  it('says what is missing or wrong', async () => {
    expect(await probe({ baseUrl: 'host:1', model: 'm' })).toMatchObject([{ check: 'EMBEDDINGS_BASE_URL', status: 'bad' }])
    expect(await probe({ baseUrl: 'http://127.0.0.1:9/v1' })).toMatchObject([{ check: 'EMBEDDINGS_MODEL', status: 'bad' }])
    const refused = await probe({ baseUrl: 'http://127.0.0.1:9/v1', model: 'm' })
    expect(refused).toMatchObject([{ check: 'embeddings', status: 'bad', cure: expect.stringContaining('EMBEDDINGS_BASE_URL') }])
  })

  it.each([
    [401, 'authentication', 'EMBEDDINGS_DOCTOR_KEY'],
    [403, 'authentication', 'EMBEDDINGS_DOCTOR_KEY'],
    [404, 'embeddings', '/v1 at its end'],
    [400, 'embeddings', 'EMBEDDINGS_MODEL'],
    [500, 'embeddings', 'log of'],
  ])('says the cure of %i, asked once', async (status, check, cure) => {
    await using server = await faultServer((_, response) => json(response, { error: { message: bodyMarker } }, status))
    const findings = await probe({ baseUrl: server.url, model: 'm', apiKey: apiKey() })
    expect(findings).toMatchObject([{ check, status: 'bad', cure: expect.stringContaining(cure) }])
    expect(server.requests()).toBe(1)
  })
})
