import { secret } from 'dagma'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { faultServer, json } from '../../../scripts/test-services/fault-server.ts'
import { faultSuite } from '../../../scripts/test-services/fault-suite.ts'
import { open } from './test/open.ts'

const experiment = { experiment: { experiment_id: '7', name: 'Default', lifecycle_stage: 'active' } }
const run = {
  run: { info: { run_id: 'r1', experiment_id: '7', run_name: 'n', status: 'RUNNING', artifact_uri: 'mlflow-artifacts:/7/r1/artifacts' } },
}
vi.stubEnv('MLFLOW_FAULT_TOKEN', 'token-of-the-fault-tests')
vi.stubEnv('MLFLOW_FAULT_PASSWORD', 'password-of-the-fault-tests')
afterAll(() => vi.unstubAllEnvs())

const at = (trackingUri: string, settings = {}) =>
  open({ useTracking: true, trackingUri, token: secret('MLFLOW_FAULT_TOKEN'), ...settings })

faultSuite({
  system: 'MLflow',
  call: async (url, timeoutMs) => (await at(url, { timeoutMs })).experiment(),
  idempotent: true,
  secrets: ['token-of-the-fault-tests'],
  good: experiment,
})

describe.concurrent('MLflow: what it sends', () => {
  it('creates a run once, and logs again after a failure', async () => {
    const paths: string[] = []
    await using server = await faultServer((request, response) => {
      const path = request.url?.split('?')[0]?.split('/').slice(-2).join('/') ?? ''
      paths.push(path)
      if (path === 'experiments/get-by-name') return json(response, experiment)
      if (path === 'runs/create' && paths.filter((one) => one === path).length > 1) return json(response, run)
      if (path === 'runs/log-batch' && paths.filter((one) => one === path).length > 1) return json(response, {})
      json(response, {}, 503)
    })
    const client = await at(server.url)
    await expect(client.startRun()).rejects.toThrow(/create run failed: POST .* answered 503/)
    const started = await client.startRun()
    await started.logParams({ a: 1 })
    expect(paths).toEqual(['experiments/get-by-name', 'runs/create', 'runs/create', 'runs/log-batch', 'runs/log-batch'])
  })

  it("shows MLflow's own error code, but not its message", async () => {
    await using server = await faultServer((_, response) =>
      json(response, { error_code: 'INVALID_PARAMETER_VALUE', message: 'text of a user' }, 400),
    )
    await expect((await at(server.url)).experiment()).rejects.toThrow(/answered 400: Bad Request \(INVALID_PARAMETER_VALUE\)\. /)
  })

  it('authenticates by token, or by user and password, and names the workspace', async () => {
    const seen: (string | string[] | undefined)[] = []
    await using server = await faultServer((request, response) => {
      seen.push(request.headers.authorization, request.headers['x-mlflow-workspace'])
      json(response, experiment)
    })
    await (await at(server.url)).experiment()
    const basic = await open({
      useTracking: true,
      trackingUri: server.url,
      username: 'admin',
      password: secret('MLFLOW_FAULT_PASSWORD'),
      workspace: 'team-a',
    })
    await basic.experiment()
    expect(seen).toEqual([
      'Bearer token-of-the-fault-tests',
      undefined,
      `Basic ${Buffer.from('admin:password-of-the-fault-tests').toString('base64')}`,
      'team-a',
    ])
  })

  it('sends nothing for a secret that is not set, and then names its variable', async () => {
    await using server = await faultServer((request, response) => json(response, {}, request.headers.authorization ? 500 : 401))
    const client = await open({ useTracking: true, trackingUri: server.url, token: secret('MLFLOW_TOKEN_NOBODY_SET') })
    await expect(client.experiment()).rejects.toThrow(
      /answered 401: Unauthorized\. MLflow requires credentials: set MLFLOW_TOKEN_NOBODY_SET\./,
    )
  })

  it('names the variable of the password', async () => {
    await using server = await faultServer((_, response) => json(response, {}, 401))
    const client = await open({ useTracking: true, trackingUri: server.url, username: 'admin', password: secret('MLFLOW_FAULT_PASSWORD') })
    await expect(client.experiment()).rejects.toThrow('Check the value of MLFLOW_TRACKING_USERNAME and MLFLOW_FAULT_PASSWORD.')
  })

  it('keeps the found experiment, but not a failure to find it', async () => {
    await using server = await faultServer((_, response, count) => (count === 1 ? json(response, {}, 403) : json(response, experiment)))
    const client = await at(server.url)
    await expect(client.experiment()).rejects.toThrow(/allowed-hosts/)
    expect(await client.experiment()).toEqual({ id: '7', name: 'Default' })
    await client.experiment()
    expect(server.requests()).toBe(2)
  })

  it('finds the experiment that another process made in between', async () => {
    const answers: [number, unknown][] = [
      [404, { error_code: 'RESOURCE_DOES_NOT_EXIST' }],
      [400, { error_code: 'RESOURCE_ALREADY_EXISTS' }],
      [200, experiment],
    ]
    await using server = await faultServer((_, response, count) => {
      const [status, value] = answers[count - 1] ?? [500, {}]
      json(response, value, status)
    })
    expect(await (await at(server.url)).experiment()).toEqual({ id: '7', name: 'Default' })
  })

  it('says how to continue when artifacts are not kept behind the proxy', async () => {
    const info = { ...run.run.info, artifact_uri: 's3://bucket/key' }
    await using server = await faultServer((request, response) =>
      json(response, request.url?.includes('experiments') ? experiment : { run: { info } }),
    )
    const started = await (await at(server.url)).startRun()
    await expect(started.logArtifact('a.txt', 'x')).rejects.toThrow(/kept in s3, not behind the server's artifact proxy/)
  })

  it('ends the run that a signal aborted, and reports what failed first when ending fails', async () => {
    const ended: string[] = []
    await using server = await faultServer((request, response) => {
      if (request.url?.endsWith('/runs/update')) {
        ended.push('update')
        return json(response, {}, ended.length === 1 ? 200 : 403)
      }
      json(response, request.url?.includes('experiments') ? experiment : run)
    })
    const warnings: string[] = []
    const client = await open({ useTracking: true, trackingUri: server.url }, { warnings })
    const abort = new AbortController()
    const killed = client.withRun({ signal: abort.signal }, async (current) => {
      abort.abort(new Error('canceled'))
      await current.logParams({ a: 1 })
    })
    await expect(killed).rejects.toThrow('canceled')
    await expect(client.withRun({}, () => Promise.reject(new Error('first')))).rejects.toThrow('first')
    expect(ended).toEqual(['update', 'update'])
    expect(warnings).toEqual([expect.stringMatching(/^The MLflow run r1 stays open: MLflow: end run failed/)])
  })
})
