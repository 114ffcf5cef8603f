import { secret } from 'dagma'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { faultServer, json } from '../../../scripts/test-services/fault-server.ts'
import { faultSuite } from '../../../scripts/test-services/fault-suite.ts'
import { open } from './test/open.ts'

const good = { session_id: 's', outputs: [{ outputs: [{ results: { message: { text: 'yes' } } }] }] }
vi.stubEnv('LANGFLOW_FAULT_KEY', 'sk-key-of-the-fault-tests')
afterAll(() => vi.unstubAllEnvs())

const at = (baseUrl: string) => open({ baseUrl, apiKey: secret('LANGFLOW_FAULT_KEY'), defaultFlowId: 'my flow/1', timeoutMs: 400 })

faultSuite({
  system: 'LangFlow',
  call: async (url) => (await at(url)).runFlow({ input: 'a question that stays here' }),
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
    expect(await client.runFlow({ input: 'a' })).toEqual({ text: 'yes', texts: ['yes'], sessionId: 's', outputsCount: 1 })
    expect(seen).toEqual(['POST', '/prefix/api/v1/run/my%20flow%2F1?stream=false', 'sk-key-of-the-fault-tests', undefined])
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
