import { secret } from 'dagma'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { langflowExecutable, startLangflow, type TestLangflow } from '../../../../scripts/test-services/langflow.ts'
import { langflowConformance } from './conformance.ts'
import { open } from './open.ts'

const executable = langflowExecutable()

describe.skipIf(!executable)('a real LangFlow server', () => {
  let server: TestLangflow
  beforeAll(async () => {
    server = await startLangflow(executable)
    process.env.LANGFLOW_REAL_KEY = server.apiKey
    process.env.LANGFLOW_REAL_WRONG_KEY = 'sk-of-nobody-at-all'
  }, 240_000)
  afterAll(() => server?.stop())

  const settings = () => ({ baseUrl: `${server.url}/`, apiKey: secret('LANGFLOW_REAL_KEY'), defaultFlowId: server.flowId })
  langflowConformance('server', () => open(settings()))

  it('runs a flow by its endpoint name, with tweaks, and times out', async () => {
    const headers = { 'x-api-key': server.apiKey, 'content-type': 'application/json' }
    const named = { method: 'PATCH', headers, body: JSON.stringify({ endpoint_name: 'by-its-name' }) }
    expect((await fetch(`${server.url}/api/v1/flows/${server.flowId}`, named)).ok).toBe(true)
    const client = await open({ ...settings(), defaultFlowId: 'by-its-name' })
    expect(await client.runFlow({ input: 'a', sessionId: 's' })).toMatchObject({ text: 'a', sessionId: 's' })
    // The input goes to a component that the flow has not: what the tweak says is answered.
    const tweaks = { 'ChatInput-in': { input_value: 'tweaked' } }
    expect(await client.runFlow({ input: 'a', inputType: 'text', outputType: 'any', tweaks })).toMatchObject({ text: 'tweaked' })
    await expect((await open({ ...settings(), timeoutMs: 1 })).runFlow({ input: 'a' })).rejects.toThrow(
      /no answer within 1 ms\. .*raise timeoutMs/,
    )
  })

  it('gives the data, tables and lists in which a flow ends', async () => {
    const warnings: string[] = []
    const client = await open({ ...settings(), defaultFlowId: server.dataFlowId }, { warnings })
    expect(await client.runFlow({ input: 'q' })).toMatchObject({ text: '', outputs: [], outputsCount: 0 })
    expect(warnings).toEqual([expect.stringContaining("pass outputType: 'debug'")])
    const { outputs } = await client.runFlow({ input: 'q', outputType: 'debug' })
    const ends = outputs.filter(({ component }) => component === 'Ends-x').map(({ name, value }) => [name, value])
    expect(Object.fromEntries(ends)).toEqual({
      as_data: { asked: 'q', answer: 42 },
      as_table: [
        { a: 1, b: 'x' },
        { a: 2, b: null },
      ],
      as_list: [{ n: 1 }, { n: 2 }],
    })
  })

  it('gives links to the UI and the flow, which are there', async () => {
    const metadata = (await open(settings())).metadata()
    expect(metadata).toMatchObject({
      backend: 'langflow',
      default_flow_id: server.flowId,
      langflow_ui_url: { type: 'url', value: server.url },
      langflow_flow_url: { type: 'url', value: `${server.url}/flow/${server.flowId}` },
    })
    for (const link of [server.url, `${server.url}/flow/${server.flowId}`])
      expect((await fetch(link)).headers.get('content-type')).toMatch(/^text\/html/)
  })

  it('names the variable to check when the key is missing or wrong', async () => {
    const { apiKey: _, ...without } = settings()
    await expect((await open(without)).runFlow({ input: 'a' })).rejects.toThrow(
      /answered 403: Forbidden\. LangFlow requires a key, or a different one: check LANGFLOW_API_KEY/,
    )
    const wrong = open({ ...settings(), apiKey: secret('LANGFLOW_REAL_WRONG_KEY') })
    await expect((await wrong).runFlow({ input: 'a' })).rejects.toThrow(/answered 403: Forbidden\. .*check LANGFLOW_REAL_WRONG_KEY/)
  })

  it('says that a flow is not there', async () => {
    await expect((await open(settings())).runFlow({ flow: 'no such flow', input: 'a' })).rejects.toThrow(
      /answered 404: Not Found\. Check the flow id or name/,
    )
  })

  it('says that a root is not that of the API', async () => {
    await expect((await open({ ...settings(), baseUrl: `${server.url}/flows` })).version()).rejects.toThrow(/LANGFLOW_BASE_URL/)
  })
})
