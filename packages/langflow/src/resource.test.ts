import net from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { langflowFromEnv } from './index.ts'
import { langflowConformance } from './test/conformance.ts'
import { open } from './test/open.ts'

langflowConformance('stub', () => open({}))

describe('the stub', () => {
  it('gives no link, whatever is set, and says that it is local', async () => {
    expect((await open({ uiUrl: 'http://ui', defaultFlowId: 'f' })).metadata()).toEqual({
      backend: 'local',
      operation: 'run flow',
      default_flow_id: 'f',
    })
  })

  it('opens no socket', async () => {
    const connect = vi.spyOn(net.Socket.prototype, 'connect')
    const fetched = vi.spyOn(globalThis, 'fetch')
    await (await open({})).runFlow({ input: 'a' })
    expect(connect).not.toHaveBeenCalled()
    expect(fetched).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })
})

describe('the resource', () => {
  it.each(['localhost:7860', 'ftp://host', 'http://me:a-password@host', ' '])(
    'refuses the base URL %j without repeating it',
    async (baseUrl) => {
      const opened = open({ baseUrl })
      await expect(opened).rejects.toThrow(/^LANGFLOW_BASE_URL /)
      await expect(opened).rejects.not.toThrow(/a-password/)
    },
  )

  it('asks for a flow when none is known', async () => {
    await expect((await open({ baseUrl: 'http://127.0.0.1:9' })).runFlow({ input: 'a' })).rejects.toThrow(/set LANGFLOW_DEFAULT_FLOW_ID/)
  })

  it('has no flow in its metadata when none is known', async () => {
    expect((await open({ baseUrl: 'http://host:7860' })).metadata()).toEqual({
      backend: 'langflow',
      operation: 'run flow',
      langflow_ui_url: expect.objectContaining({ type: 'url', value: 'http://host:7860' }),
    })
  })

  it('warns of a UI base that cannot be used', async () => {
    const warnings: string[] = []
    const client = await open({ baseUrl: 'http://host', uiUrl: 'ui:7860' }, { warnings })
    expect(warnings).toHaveLength(1)
    expect(client.metadata().langflow_ui_url).toMatchObject({ value: 'http://host' })
  })

  it('reads the environment', () => {
    for (const name of ['LANGFLOW_BASE_URL', 'LANGFLOW_API_KEY', 'LANGFLOW_DEFAULT_FLOW_ID']) vi.stubEnv(name, '')
    expect(langflowFromEnv()).toEqual({})
    vi.stubEnv('LANGFLOW_BASE_URL', 'http://host')
    vi.stubEnv('LANGFLOW_API_KEY', 'sk-0123456789')
    vi.stubEnv('LANGFLOW_DEFAULT_FLOW_ID', 'f')
    expect(langflowFromEnv()).toMatchObject({ baseUrl: 'http://host', apiKey: { variable: 'LANGFLOW_API_KEY' }, defaultFlowId: 'f' })
    expect(JSON.stringify(langflowFromEnv())).not.toContain('sk-0123456789')
    vi.unstubAllEnvs()
  })
})

it('lets redaction know its secrets as soon as it is loaded', () => {
  const declared = (globalThis as { [known: symbol]: ReadonlyMap<string, unknown> | undefined })[Symbol.for('dagma.secrets')]
  expect([...(declared?.keys() ?? [])]).toEqual(expect.arrayContaining(['LANGFLOW_API_KEY']))
})
