import { secret } from 'dagma'
import type { Finding } from 'dagma/author'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bodyMarker, faultServer, json } from '../../../scripts/test-services/fault-server.ts'
import { type Odd, oddServers, probed, the } from '../../../scripts/test-services/probing.ts'
import { type MlflowSettings, mlflow, mlflowFromEnv } from './index.ts'

afterEach(() => vi.unstubAllEnvs())

const key = 'token-of-the-doctor'

function probe(settings: MlflowSettings | (() => MlflowSettings)): Promise<readonly Finding[]> {
  vi.stubEnv('MLFLOW_DOCTOR_TOKEN', key)
  return probed(mlflow, settings, { hidden: key })
}

const statuses = (findings: readonly Finding[]) => Object.fromEntries(findings.map(({ check, status }) => [check, status]))

const run = { info: { run_id: 'abc', experiment_id: '7', status: 'FINISHED', artifact_uri: 'x' } }

/** An MLflow that is well, but for what `odd` answers: it returns true if it did. */
const server = oddServers((request, response) => {
  const { pathname } = new URL(request.url ?? '', 'http://x')
  if (pathname === '/version') return void response.end('3.5.0')
  if (pathname === '/') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')
  if (pathname.endsWith('/runs/search')) return json(response, { runs: [run] })
  if (pathname.includes('/experiments/get'))
    return json(response, { experiment: { experiment_id: '7', name: 'E', lifecycle_stage: 'active' } })
  return json(response, { error_code: bodyMarker }, 404)
})
const failing =
  (path: string, status: number, body: unknown = { message: bodyMarker }) =>
  ({ url = '' }: Parameters<Odd>[0], response: Parameters<Odd>[1]): boolean => {
    if (!url.includes(path)) return false
    json(response, body, status)
    return true
  }

const real = (url: string, more: Partial<MlflowSettings> = {}) => ({
  useTracking: true,
  trackingUri: url,
  token: secret('MLFLOW_DOCTOR_TOKEN'),
  ...more,
})

describe('MLflow is well', () => {
  it('finds server, version, credentials, experiment, and every link', async () => {
    const asked: string[] = []
    await using mlflowServer = await server(({ url, headers, method }) => {
      asked.push(`${method} ${url?.split('?')[0]} ${headers.authorization ? 'with' : 'without'} token`)
      return false
    })
    const { url } = mlflowServer
    const findings = await probe(real(url, { uiBaseUrl: url, experimentId: '7' }))
    expect(
      findings.map(({ check, status, message }) => `${status} ${check}: ${message.replaceAll(url, 'http://mlflow')}`),
    ).toMatchInlineSnapshot(`
      [
        "ok reachable: MLflow 3.5.0 answers.",
        "ok authentication: The token in MLFLOW_DOCTOR_TOKEN is accepted.",
        "ok MLFLOW_EXPERIMENT_ID: Experiment "E" (id 7) exists.",
        "ok MLFLOW_UI_BASE_URL: It is an http or https URL.",
        "ok mlflow_tracking_uri: http://mlflow opens",
        "ok mlflow_experiment_url: http://mlflow/#/experiments/7 opens",
        "ok mlflow_run_url: http://mlflow/#/experiments/7/runs/abc opens",
      ]
    `)
    expect(asked.slice(0, 3)).toEqual([
      'GET /version with token',
      'GET /api/2.0/mlflow/experiments/get with token',
      'POST /api/2.0/mlflow/runs/search with token',
    ])
    // A browser has no token: neither has a page link.
    expect(asked.slice(3)).toEqual(Array(3).fill('GET / without token'))
  })

  it('takes an experiment that the first run will make for good, and makes none', async () => {
    const posted: string[] = []
    await using mlflowServer = await server((request, response) => {
      if (request.method === 'POST') posted.push(request.url ?? '')
      return failing('get-by-name', 404, { error_code: 'RESOURCE_DOES_NOT_EXIST' })(request, response)
    })
    const findings = await probe(real(mlflowServer.url, { experimentName: 'new' }))
    expect(the(findings, 'experiment')).toMatchObject({
      status: 'ok',
      message: 'There is no experiment "new" yet: the first run creates it.',
    })
    expect(posted).toEqual([])
  })
})

describe('the MLflow URL is missing', () => {
  it('because the stub serves', async () => {
    vi.stubEnv('MLFLOW_USE_TRACKING', '')
    expect(await probe({ useTracking: false })).toEqual([
      { check: 'backend', status: 'local', message: expect.any(String), fix: expect.stringContaining('MLFLOW_USE_TRACKING=true') },
    ])
  })

  it('because MLFLOW_USE_TRACKING is off, though the other variables are set', async () => {
    for (const [name, value] of [
      ['USE_TRACKING', 'false'],
      ['TRACKING_URI', 'http://mlflow:5000'],
      ['UI_BASE_URL', 'http://localhost:5000'],
    ])
      vi.stubEnv(`MLFLOW_${name}`, value)
    expect(the(await probe(mlflowFromEnv), 'MLFLOW_USE_TRACKING')).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('leaves MLFLOW_TRACKING_URI and MLFLOW_UI_BASE_URL unused and omits mlflow_run_url'),
      fix: 'Set MLFLOW_USE_TRACKING=true.',
    })
  })

  it.each(['localhost:5000', 'ftp://mlflow', 'http://me:password@mlflow', 'mlflow'])(
    'because MLFLOW_UI_BASE_URL is not an http or https URL: %s',
    async (uiBaseUrl) => {
      await using mlflowServer = await server()
      const findings = await probe(real(mlflowServer.url, { uiBaseUrl }))
      expect(the(findings, 'MLFLOW_UI_BASE_URL')).toMatchObject({ status: 'error', fix: expect.stringContaining('http://localhost:5000') })
      expect(the(findings, 'mlflow_run_url')?.message).toContain(`${mlflowServer.url}/#/`)
      expect(JSON.stringify(findings)).not.toContain('me:password')
    },
  )

  it.each([undefined, 'mlflow:5000', 'file:///tmp/mlruns'])('because MLFLOW_TRACKING_URI is none: %s', async (trackingUri) => {
    const findings = await probe({ useTracking: true, ...(trackingUri && { trackingUri }) })
    expect(findings).toMatchObject([{ check: 'MLFLOW_TRACKING_URI', status: 'error' }])
  })

  it('because network or port mapping is wrong: the API', async () => {
    const gone = await server()
    await gone[Symbol.asyncDispose]()
    const [reachable, ...rest] = await probe(real(gone.url))
    expect(reachable).toMatchObject({ check: 'reachable', status: 'error', message: expect.stringContaining('connection refused') })
    expect(reachable?.fix).toMatch(/MLFLOW_TRACKING_URI has its host and port/)
    expect(rest).toEqual([])
  })

  it('because network or port mapping is wrong: the page', async () => {
    await using mlflowServer = await server()
    const gone = await server()
    await gone[Symbol.asyncDispose]()
    const findings = await probe(real(mlflowServer.url, { uiBaseUrl: gone.url }))
    expect(the(findings, 'mlflow_run_url')).toMatchObject({
      status: 'error',
      fix: expect.stringContaining('MLFLOW_UI_BASE_URL has its host and port'),
    })
    expect(the(findings, 'mlflow_tracking_uri')).toMatchObject({ status: 'ok' })
  })
})

describe('MLflow does not do what is wanted', () => {
  it.each([
    [401, 'Check the value of MLFLOW_DOCTOR_TOKEN.'],
    [403, '--allowed-hosts'],
  ])('the credentials are not taken: %i', async (status, fix) => {
    await using mlflowServer = await server(failing('/experiments/', status))
    expect(the(await probe(real(mlflowServer.url)), 'authentication')).toMatchObject({ status: 'error', fix: expect.stringContaining(fix) })
  })

  it('credentials are wanted, and none are set; even the version wants them', async () => {
    await using mlflowServer = await server((request, response) => failing('', 401)(request, response))
    const { token: _, ...without } = real(mlflowServer.url)
    const findings = await probe(without)
    expect(statuses(findings)).toMatchObject({ reachable: 'ok', authentication: 'error', mlflow_tracking_uri: 'ok' })
    expect(the(findings, 'authentication')?.fix).toContain('set MLFLOW_TRACKING_USERNAME')
  })

  it('the experiment is not there, or was deleted', async () => {
    await using missing = await server(failing('/experiments/get', 404, { error_code: 'RESOURCE_DOES_NOT_EXIST' }))
    expect(the(await probe(real(missing.url, { experimentId: '8' })), 'MLFLOW_EXPERIMENT_ID')).toMatchObject({ status: 'error' })
    const experiment = { experiment_id: '8', name: 'old', lifecycle_stage: 'deleted' }
    await using deleted = await server(failing('/experiments/get', 200, { experiment }))
    expect(the(await probe(real(deleted.url, { experimentId: '8' })), 'MLFLOW_EXPERIMENT_ID')).toMatchObject({
      status: 'error',
      message: expect.stringContaining('was deleted'),
      fix: expect.stringContaining('restore --experiment-id 8'),
    })
  })

  it('something else answers', async () => {
    await using other = await faultServer((_, response) => void response.end('<html>hello'))
    expect(await probe(real(other.url))).toMatchObject([
      { check: 'reachable', status: 'error', fix: expect.stringContaining('MLFLOW_TRACKING_URI') },
    ])
  })

  it('the page is not there', async () => {
    await using mlflowServer = await server((request, response) => request.url === '/' && failing('/', 404)(request, response))
    expect(statuses(await probe(real(mlflowServer.url)))).toMatchObject({
      reachable: 'ok',
      mlflow_tracking_uri: 'error',
      mlflow_run_url: 'error',
    })
  })
})
