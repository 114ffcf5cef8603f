import { secret } from 'dagma'
import type { Finding } from 'dagma/author'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bodyMarker, faultServer, json } from '../../../scripts/test-services/fault-server.ts'
import { oddServers, probed, the } from '../../../scripts/test-services/probing.ts'
import { type QdrantSchema, type QdrantServerSettings, type QdrantSettings, qdrant, qdrantCollections } from './index.ts'

afterEach(() => vi.unstubAllEnvs())

const key = 'key-of-the-doctor'

function probe(settings: Partial<QdrantSettings>): Promise<readonly Finding[]> {
  vi.stubEnv('QDRANT_DOCTOR_KEY', key)
  return probed(qdrant, { collection: 'docs', ...settings }, { hidden: key })
}

/** A Qdrant that is well, with the collection `docs`, but for what `odd` answers: it returns true if it did. */
const server = oddServers((request, response) => {
  const { method, url, headers } = request
  if (url === '/') return json(response, { title: 'qdrant', version: '1.18.3' })
  if (url === '/dashboard') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')
  if (headers['api-key'] !== key) return void response.writeHead(401).end(bodyMarker)
  if (`${method} ${url}` === 'GET /collections/docs') return json(response, { result: { status: 'green', config: bodyMarker } })
  if (`${method} ${url}` === 'POST /collections/docs/points/query') return json(response, { result: { points: [] } })
  return json(response, { status: { error: bodyMarker } }, method === 'POST' ? 405 : 404)
})

const real = (url: string, more: Partial<QdrantSettings> = {}) => ({ url, apiKey: secret('QDRANT_DOCTOR_KEY'), ...more })

it('finds a Qdrant that is well: server, version, key, collection, and every link by its own method', async () => {
  const asked: string[] = []
  await using qdrantServer = await server(({ url, headers, method }) => {
    asked.push(`${method} ${url} ${headers['api-key'] ? 'with' : 'without'} key`)
    return false
  })
  const { url } = qdrantServer
  const findings = await probe(real(url))
  expect(
    findings.map(({ check, status, message }) => `${status} ${check}: ${message.replaceAll(url, 'http://qdrant')}`),
  ).toMatchInlineSnapshot(`
    [
      "ok reachable: Qdrant 1.18.3 answers.",
      "ok authentication: The key in QDRANT_DOCTOR_KEY is accepted.",
      "ok collection: Collection "docs" exists.",
      "ok qdrant_collection_url: http://qdrant/collections/docs answers GET.",
      "ok qdrant_search_endpoint: http://qdrant/collections/docs/points/query answers POST.",
      "ok qdrant_dashboard_url: http://qdrant/dashboard#/collections/docs opens",
    ]
  `)
  expect(asked).toEqual([
    'GET / with key',
    'GET /collections/docs with key',
    'POST /collections/docs/points/query with key',
    'GET /dashboard without key',
  ])
})

it('says that the local store serves, and what turns the server on', async () => {
  expect(await probe({})).toMatchObject([{ check: 'backend', status: 'local', fix: expect.stringContaining('QDRANT_URL') }])
  expect(await probe({ port: 6333, apiKey: secret('QDRANT_DOCTOR_KEY') })).toMatchObject([
    { status: 'local' },
    { status: 'warning', message: 'Neither is set, which leaves QDRANT_DOCTOR_KEY and the port unused.' },
  ])
})

describe('declared collections', () => {
  const config = {
    params: { vectors: { body: { size: 2, distance: 'Dot' } }, sparse_vectors: { words: { modifier: 'idf' }, tags: {} } },
  }
  const declared = (schemas: { [key: string]: QdrantSchema }, settings: QdrantServerSettings) => {
    vi.stubEnv('QDRANT_DOCTOR_KEY', key)
    return probed(qdrantCollections(schemas), settings, { hidden: key })
  }
  const answering = () =>
    server(({ url, method }, response) => {
      if (url !== '/collections/docs' || method !== 'GET') return false
      json(response, { result: { status: 'green', config, payload_schema: { year: { data_type: 'integer' } } } })
      return true
    })

  it('are found well, each by itself, the key once', async () => {
    await using qdrantServer = await answering()
    const docs: QdrantSchema = { vectors: { body: { size: 2, distance: 'Dot' } }, payloadIndexes: { year: 'integer' } }
    const findings = await declared({ docs, more: { name: 'others', vectors: { size: 2 } } }, real(qdrantServer.url))
    expect(findings.map(({ check, status }) => `${status} ${check}`)).toEqual([
      'ok reachable',
      'ok authentication',
      'ok collection docs',
      'ok qdrant_collection_url',
      'ok qdrant_search_endpoint',
      'error collection more',
      'ok qdrant_dashboard_url',
    ])
    expect(the(findings, 'collection docs')?.message).toBe('Collection "docs" exists, as declared.')
    expect(the(findings, 'collection more')).toMatchObject({
      message: expect.stringContaining('no collection "others"'),
      fix: expect.stringContaining('its "name" in qdrantCollections()'),
    })
  })

  it('differ from what they are declared as, with the fix', async () => {
    await using qdrantServer = await answering()
    const docs: QdrantSchema = {
      vectors: { body: { size: 3, distance: 'Dot' }, title: { size: 2 } },
      sparseVectors: { words: {}, tags: { modifier: 'idf' }, topics: {} },
      payloadIndexes: { year: 'float', language: 'keyword' },
    }
    const findings = (await declared({ docs }, real(qdrantServer.url))).filter(({ check }) => check === 'collection docs')
    expect(findings.map(({ status, message }) => `${status} ${message}`)).toMatchInlineSnapshot(`
      [
        "error Collection "docs" is not as declared: vector "body" has size 2 and distance Dot, not size 3 and distance Dot.",
        "error Collection "docs" is not as declared: it has no vector "title".",
        "error Collection "docs" is not as declared: vector "words" has the modifier idf, not no modifier.",
        "error Collection "docs" is not as declared: vector "tags" has no modifier, not the modifier idf.",
        "error Collection "docs" is not as declared: it has no vector "topics".",
        "error Collection "docs" is not as declared: the payload index on "year" has type integer, not float.",
        "warning Collection "docs" has no payload index of type keyword on "language": filters on it are slow.",
      ]
    `)
    expect(findings.map(({ fix }) => fix)).toMatchInlineSnapshot(`
      [
        "Change the declaration, or delete the collection and materialize again the assets that fill it.",
        "Change the declaration, or delete the collection and materialize again the assets that fill it.",
        "Change the declaration, or delete the collection and materialize again the assets that fill it.",
        "Change the declaration, or delete the collection and materialize again the assets that fill it.",
        "Change the declaration, or delete the collection and materialize again the assets that fill it.",
        "Delete the payload index in Qdrant, or declare the type that it has.",
        "Materialize the asset that fills it: ensureCollection() makes it.",
      ]
    `)
  })

  it('use the local store when no server is set', async () => {
    expect(await declared({ docs: { vectors: { size: 2 } } }, {})).toMatchObject([{ check: 'backend', status: 'local' }])
  })
})

describe('a Qdrant link gives 404', () => {
  it('because the collection does not exist, or has another name', async () => {
    await using qdrantServer = await server()
    const findings = await probe(real(qdrantServer.url, { collection: 'others' }))
    expect(the(findings, 'authentication')?.status).toBe('ok')
    expect(the(findings, 'collection')).toEqual({
      check: 'collection',
      status: 'error',
      message: 'There is no collection "others" on this server: the links would answer 404.',
      fix: expect.stringMatching(/Materialize the asset .* name \(QDRANT_COLLECTION\) .* QDRANT_URL is the right server/),
    })
    expect(the(findings, 'qdrant_collection_url')).toBeUndefined()
  })

  it('because the prefix is wrong', async () => {
    await using qdrantServer = await server()
    const [reachable] = await probe(real(`${qdrantServer.url}/wrong`))
    // The server without the key answers 401 below a path that it does not know; with it, 404.
    expect(reachable).toMatchObject({
      status: 'error',
      message: expect.stringContaining('answered 404'),
      fix: expect.stringContaining('prefix'),
    })
  })
})

describe('host, port, https and key', () => {
  it('nobody is at host and port', async () => {
    const gone = await server()
    await gone[Symbol.asyncDispose]()
    const { hostname: host, port } = new URL(gone.url)
    const findings = await probe({ host, port: Number(port) })
    expect(findings).toMatchObject([
      { check: 'reachable', status: 'error', fix: expect.stringContaining('QDRANT_HOST has its host and port') },
    ])
  })

  it('somebody else is there', async () => {
    await using other = await faultServer((_, response) => json(response, { hello: bodyMarker }))
    expect(await probe(real(other.url))).toMatchObject([{ status: 'error', fix: expect.stringContaining('6333 for REST') }])
  })

  it('https is on where only http is spoken', async () => {
    await using qdrantServer = await server()
    const [reachable] = await probe(real(qdrantServer.url.replace('http:', 'https:')))
    expect(reachable).toMatchObject({
      status: 'error',
      message: expect.stringContaining('no secure connection'),
      fix: expect.stringContaining('https only if'),
    })
  })

  it('a key goes as plain text to another machine', async () => {
    expect(the(await probe({ host: 'qdrant.invalid', apiKey: secret('QDRANT_DOCTOR_KEY') }), 'https')).toMatchObject({ status: 'warning' })
  })

  it('the key is missing or wrong', async () => {
    await using qdrantServer = await server()
    const missing = await probe({ url: qdrantServer.url, apiKey: secret('QDRANT_UNSET_KEY') })
    expect(the(missing, 'authentication')).toMatchObject({ status: 'error', fix: expect.stringContaining('set QDRANT_UNSET_KEY') })
    vi.stubEnv('QDRANT_WRONG_KEY', 'key-of-somebody-else')
    const wrong = await probe({ url: qdrantServer.url, apiKey: secret('QDRANT_WRONG_KEY') })
    expect(the(wrong, 'authentication')).toMatchObject({ status: 'error', fix: 'Check the value of QDRANT_WRONG_KEY.' })
  })

  it('settings that cannot be used are said', async () => {
    await expect(probe({ url: 'http://a:1', host: 'b' })).rejects.toThrow('both url and host are set')
  })
})

it('is content with a server that has no web interface', async () => {
  await using qdrantServer = await server((request, response) => {
    if (request.url !== '/dashboard') return false
    json(response, {}, 404)
    return true
  })
  expect(the(await probe(real(qdrantServer.url)), 'qdrant_dashboard_url')).toMatchObject({ status: 'warning' })
})
