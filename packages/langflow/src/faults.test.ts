import { secret } from 'dagma'
import { ServiceError } from 'dagma/author'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { bodyMarker, faultServer, json } from '../../../scripts/test-services/fault-server.ts'
import { faultSuite } from '../../../scripts/test-services/fault-suite.ts'
import { open } from './test/open.ts'

const good = { session_id: 's', outputs: [{ outputs: [{ results: { message: { text: 'yes' } } }] }] }
vi.stubEnv('LANGFLOW_FAULT_KEY', 'sk-key-of-the-fault-tests')
afterAll(() => vi.unstubAllEnvs())

const at = (baseUrl: string, settings = {}) =>
  open({ baseUrl, apiKey: secret('LANGFLOW_FAULT_KEY'), defaultFlowId: 'my flow/1', ...settings })

faultSuite({
  system: 'LangFlow',
  call: async (url, timeoutMs) => (await at(url, { timeoutMs })).runFlow({ input: 'a question that stays here' }),
  idempotent: false,
  secrets: ['sk-key-of-the-fault-tests', 'a question that stays here'],
  good,
})

describe.concurrent('LangFlow: what it sends', () => {
  it('has the key in one header, and the flow encoded below the root', async () => {
    const seen: unknown[] = []
    await using server = await faultServer((request, response) => {
      const { 'x-api-key': key, authorization } = request.headers
      seen.push(request.method, request.url, key, authorization)
      json(response, good)
    })
    const client = await at(`${server.url}/prefix/`)
    expect(await client.runFlow({ input: 'a' })).toMatchObject({ text: 'yes', texts: ['yes'], sessionId: 's', outputsCount: 1 })
    expect(seen).toEqual(['POST', '/prefix/api/v1/run/my%20flow%2F1?stream=false', 'sk-key-of-the-fault-tests', undefined])
  })

  it('takes an error for one, whatever its status', async () => {
    await using server = await faultServer((_, response) => json(response, { detail: bodyMarker }))
    const failure = (await at(server.url)).runFlow({ input: 'a' })
    await expect(failure).rejects.toBeInstanceOf(ServiceError)
    await expect(failure).rejects.toThrow(/run flow failed: POST .* answered 200: the answer is not that of a flow/)
    await expect(failure).rejects.not.toThrow(bodyMarker)
  })

  it('warns of a flow that answers nothing of the type that is asked for', async () => {
    await using server = await faultServer((_, response) => json(response, { outputs: [{ inputs: {}, outputs: [] }] }))
    const warnings: string[] = []
    const client = await open({ baseUrl: server.url, defaultFlowId: 'f' }, { warnings })
    expect(await client.runFlow({ input: 'a' })).toMatchObject({ text: '', outputs: [], outputsCount: 0 })
    expect(warnings).toEqual([expect.stringMatching(/^LangFlow: flow f answered nothing of the type "chat"\..*outputType: 'debug'/)])
  })

  it('throws the reason of a signal that was aborted on the way', async () => {
    const abort = new AbortController()
    await using server = await faultServer(() => abort.abort(new Error('canceled')))
    await expect((await at(server.url)).runFlow({ input: 'a', signal: abort.signal })).rejects.toThrow('canceled')
  })

  it('does so for the signal of the run, too', async () => {
    const abort = new AbortController()
    await using server = await faultServer(() => abort.abort(new Error('run canceled')))
    const client = await open({ baseUrl: server.url, defaultFlowId: 'f' }, { signal: abort.signal })
    await expect(client.health()).rejects.toThrow('run canceled')
  })
})
