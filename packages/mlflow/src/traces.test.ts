import { secret } from 'dagma'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { faultServer, json } from '../../../scripts/test-services/fault-server.ts'
import { mlflowTraces } from './index.ts'

const { signal } = new AbortController()
afterEach(() => void vi.unstubAllEnvs())
const traceId = '0af7651916cd43dd8448eb211c80319c'

describe('the traces of runs', () => {
  it('go nowhere while tracking is off, and nothing is asked', () => {
    expect(mlflowTraces({ useTracking: false }).isOn()).toBe(false)
    expect(mlflowTraces(() => ({ useTracking: true, trackingUri: 'http://mlflow' })).isOn()).toBe(true)
  })

  it('go to the experiment that is set, without a call', async () => {
    const open = await mlflowTraces({ useTracking: true, trackingUri: 'http://mlflow:5000/base/', experimentId: '7' }).open(signal)
    expect(open.url).toBe('http://mlflow:5000/base/v1/traces')
    expect(open.headers()).toEqual({ 'x-mlflow-experiment-id': '7' })
    expect(open.traceUrls(traceId)).toEqual({
      mlflow_trace_url: `http://mlflow:5000/base/#/experiments/7/traces?selectedEvaluationId=tr-${traceId}`,
    })
  })

  it('go to the experiment of this name, which is made when it does not exist', async () => {
    await using server = await faultServer((request, response) =>
      request.url?.includes('get-by-name')
        ? json(response, { error_code: 'RESOURCE_DOES_NOT_EXIST' }, 404)
        : json(response, { experiment_id: '9' }),
    )
    const open = await mlflowTraces({ useTracking: true, trackingUri: server.url, experimentName: 'new' }).open(signal)
    expect(open.headers()).toEqual({ 'x-mlflow-experiment-id': '9' })
  })

  it('carry the credentials, revealed when they are sent, and the workspace', async () => {
    vi.stubEnv('TRACES_TOKEN', 'token-of-the-traces-test')
    vi.stubEnv('TRACES_PASSWORD', 'password-of-the-traces-test')
    const server = { useTracking: true, trackingUri: 'http://mlflow', experimentId: '7' }
    const withToken = await mlflowTraces({ ...server, workspace: 'team a', token: secret('TRACES_TOKEN') }).open(signal)
    expect(withToken.headers()).toEqual({
      authorization: 'Bearer token-of-the-traces-test',
      'x-mlflow-workspace': 'team a',
      'x-mlflow-experiment-id': '7',
    })
    expect(withToken.traceUrls(traceId).mlflow_trace_url).toMatch(/&workspace=team%20a$/)
    const withUser = await mlflowTraces({ ...server, username: 'me', password: secret('TRACES_PASSWORD') }).open(signal)
    const basic = Buffer.from('me:password-of-the-traces-test').toString('base64')
    expect(withUser.headers().authorization).toBe(`Basic ${basic}`)
  })

  it('cannot be sent without an address, or where nobody answers', async () => {
    await expect(mlflowTraces({ useTracking: true }).open(signal)).rejects.toThrow('MLFLOW_TRACKING_URI')
    await expect(mlflowTraces({ useTracking: true, trackingUri: 'http://127.0.0.1:9' }).open(signal)).rejects.toThrow('find experiment')
  })
})

describe('dagma doctor', () => {
  const probe = async (trackingUri?: string) => {
    const settings = { useTracking: true, ...(trackingUri !== undefined && { trackingUri }) }
    const context = { projectFolder: '/nowhere', timeoutMs: 2_000, signal }
    const findings = (await mlflowTraces(settings).probe?.(context)) ?? []
    return findings.map(({ check, status, message, fix }) => ({
      check,
      status,
      message: message.replaceAll(trackingUri ?? '-', 'URL'),
      fix,
    }))
  }

  it.each([
    [400, 'ok', 'MLflow accepts traces.', undefined],
    [404, 'error', expect.stringContaining('send traces failed: POST URL/v1/traces'), expect.stringContaining('3.6')],
    [401, 'error', expect.stringContaining('send traces failed'), expect.stringContaining('MLFLOW_TRACKING_TOKEN')],
  ])('says of a server that answers %i to no traces', async (status, is, message, fix) => {
    await using server = await faultServer((_request, response) => json(response, { detail: 'no spans' }, status))
    expect(await probe(server.url)).toEqual([{ check: 'MLflow traces', status: is, message, fix }])
  })

  it('leaves a missing address to the probe of MLflow', async () => {
    expect(await probe()).toEqual([])
  })
})
