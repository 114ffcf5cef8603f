import { secret } from 'dagma'
import type { Finding } from 'dagma/author'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bodyMarker, json } from '../../../scripts/test-services/fault-server.ts'
import { oddServers, probed, the } from '../../../scripts/test-services/probing.ts'
import { type LangflowSettings, langflow } from './index.ts'

afterEach(() => vi.unstubAllEnvs())

const key = 'key-of-the-doctor'
const flowId = '5a8d1b9c-8b0f-4b8f-9d43-0a3f8c1f7f10'

function probe(settings: LangflowSettings): Promise<readonly Finding[]> {
  vi.stubEnv('LANGFLOW_DOCTOR_KEY', key)
  return probed(langflow, settings, { hidden: key })
}

/** A LangFlow that is well, but for what `odd` answers: it returns true if it did. */
const server = oddServers((request, response) => {
  const { pathname } = new URL(request.url ?? '', 'http://x')
  if (pathname === '/health') return json(response, { status: 'ok' })
  if (pathname === '/api/v1/version') return json(response, { version: '1.6.0' })
  if (!pathname.startsWith('/api/')) return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')
  if (request.headers['x-api-key'] !== key) return json(response, { detail: bodyMarker }, 403)
  if (pathname === '/api/v1/users/whoami') return json(response, { username: bodyMarker })
  if (pathname === '/api/v1/flows/') return json(response, [{ endpoint_name: null }, { endpoint_name: 'chat', data: bodyMarker }])
  if (pathname === `/api/v1/flows/${flowId}`) return json(response, { id: flowId, data: bodyMarker })
  return json(response, { detail: bodyMarker }, 404)
})

const real = (baseUrl: string, more: Partial<LangflowSettings> = {}) => ({
  baseUrl,
  apiKey: secret('LANGFLOW_DOCTOR_KEY'),
  defaultFlowId: flowId,
  ...more,
})

it('finds a LangFlow that is well: server, version, key, flow, and every link', async () => {
  const asked: string[] = []
  await using langflowServer = await server(({ url, headers, method }) => {
    asked.push(`${method} ${url} ${headers['x-api-key'] ? 'with' : 'without'} key`)
    return false
  })
  const { url } = langflowServer
  const findings = await probe(real(url))
  expect(
    findings.map(({ check, status, message }) => `${status} ${check}: ${message.replaceAll(url, 'http://langflow')}`),
  ).toMatchInlineSnapshot(`
    [
      "ok reachable: LangFlow 1.6.0 answers.",
      "ok authentication: The key in LANGFLOW_DOCTOR_KEY is accepted.",
      "ok LANGFLOW_DEFAULT_FLOW_ID: Flow ${flowId} exists.",
      "ok langflow_ui_url: http://langflow opens",
      "ok langflow_flow_url: http://langflow/flow/${flowId} opens",
    ]
  `)
  // A browser has no key: neither has a page link.
  expect(asked.sort()).toEqual([
    'GET / without key',
    `GET /api/v1/flows/${flowId} with key`,
    'GET /api/v1/users/whoami with key',
    'GET /api/v1/version with key',
    `GET /flow/${flowId} without key`,
    'GET /health with key',
  ])
})

describe('a LangFlow call fails', () => {
  it('because nobody set a base URL: the stub serves', async () => {
    expect(await probe({})).toMatchObject([{ check: 'backend', status: 'local', fix: 'Set LANGFLOW_BASE_URL to use a server.' }])
    expect(the(await probe({ defaultFlowId: flowId, apiKey: secret('LANGFLOW_DOCTOR_KEY') }), 'LANGFLOW_BASE_URL')).toMatchObject({
      status: 'warning',
      message: 'It is not set, which leaves LANGFLOW_DOCTOR_KEY and LANGFLOW_DEFAULT_FLOW_ID unused.',
    })
  })

  it.each(['localhost:7860', 'ftp://langflow', 'http://me:password@langflow'])('because the base URL is none: %s', async (baseUrl) => {
    const findings = await probe(real(baseUrl))
    expect(findings).toMatchObject([{ check: 'LANGFLOW_BASE_URL', status: 'error' }])
    expect(JSON.stringify(findings)).not.toContain('me:password')
  })

  it('because the base URL leads to nobody', async () => {
    const gone = await server()
    await gone[Symbol.asyncDispose]()
    const findings = await probe(real(gone.url))
    expect(the(findings, 'reachable')).toMatchObject({
      status: 'error',
      fix: expect.stringContaining('LANGFLOW_BASE_URL has its host and port'),
    })
    expect(the(findings, 'langflow_ui_url')).toMatchObject({ status: 'error' })
  })

  it('because the base URL is that of a page', async () => {
    await using langflowServer = await server()
    const [reachable] = await probe(real(`${langflowServer.url}/flows`))
    expect(reachable).toMatchObject({
      check: 'reachable',
      status: 'error',
      message: expect.stringContaining('answered HTML instead of JSON'),
    })
    expect(reachable?.fix).toContain("LANGFLOW_BASE_URL is the root of LangFlow's API")
  })

  it('because the server is not well', async () => {
    await using langflowServer = await server((request, response) => {
      if (request.url !== '/health') return false
      json(response, { status: 'starting' })
      return true
    })
    expect(the(await probe(real(langflowServer.url)), 'reachable')).toMatchObject({ status: 'error', fix: "See LangFlow's log." })
  })

  it('because the key is missing or wrong', async () => {
    await using langflowServer = await server()
    const { apiKey: _, ...without } = real(langflowServer.url)
    expect(the(await probe(without), 'authentication')).toMatchObject({
      status: 'error',
      fix: expect.stringContaining('check LANGFLOW_API_KEY'),
    })
    vi.stubEnv('LANGFLOW_WRONG_KEY', 'key-of-somebody-else')
    const findings = await probe({ ...without, apiKey: secret('LANGFLOW_WRONG_KEY') })
    expect(the(findings, 'authentication')).toMatchObject({ status: 'error', fix: expect.stringContaining('check LANGFLOW_WRONG_KEY') })
    expect(the(findings, 'LANGFLOW_DEFAULT_FLOW_ID')).toBeUndefined()
  })

  it('because the flow is not there', async () => {
    await using langflowServer = await server()
    const other = flowId.replace('5a', '5b')
    for (const defaultFlowId of [other, 'no-such-name']) {
      expect(the(await probe(real(langflowServer.url, { defaultFlowId })), 'LANGFLOW_DEFAULT_FLOW_ID')).toMatchObject({
        status: 'error',
        message: expect.stringContaining(defaultFlowId),
      })
    }
  })

  it('because no flow is named', async () => {
    await using langflowServer = await server()
    expect(the(await probe(real(langflowServer.url, { defaultFlowId: '' })), 'LANGFLOW_DEFAULT_FLOW_ID')).toMatchObject({
      status: 'warning',
    })
  })
})

it('knows a flow by its endpoint name, which gives no link to its page', async () => {
  await using langflowServer = await server()
  const findings = await probe(real(langflowServer.url, { defaultFlowId: 'chat' }))
  expect(the(findings, 'LANGFLOW_DEFAULT_FLOW_ID')).toMatchObject({
    status: 'ok',
    message: expect.stringContaining('only an id gives a link'),
  })
  expect(the(findings, 'langflow_flow_url')).toBeUndefined()
})

it('opens the links where the UI is', async () => {
  await using langflowServer = await server()
  await using ui = await server()
  const findings = await probe(real(langflowServer.url, { uiUrl: ui.url }))
  expect(the(findings, 'langflow_ui_url')?.message).toBe(`${ui.url} opens`)
  expect(the(await probe(real(langflowServer.url, { uiUrl: 'langflow' })), 'uiUrl')).toMatchObject({ status: 'error' })
})
