import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { serviceExecutable, startService, type TestService } from './service.ts'

/** A LangFlow server with a key and a flow of Chat Input and Chat Output, which answers what it was asked. */
export interface TestLangflow extends TestService {
  readonly apiKey: string
  readonly flowId: string
}

/** The `langflow` executable that `DAGMA_TEST_LANGFLOW` names. */
export const langflowExecutable = (): string | undefined => serviceExecutable('DAGMA_TEST_LANGFLOW')

/** Starts a LangFlow server that demands a key, without log-in in its UI, and makes the key and the flow. It takes 10 to 20 seconds. */
export async function startLangflow(executable = langflowExecutable()): Promise<TestLangflow> {
  if (!executable) throw new Error('Set DAGMA_TEST_LANGFLOW to the langflow executable.')
  const service = await startService({
    name: 'langflow',
    executable,
    args: ({ port }) => ['run', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', '--no-open-browser'],
    env: environment,
    healthPath: '/health',
    readyWithinMs: 180_000,
  })
  try {
    const { access_token } = await call(service.url, '/api/v1/auto_login')
    const bearer = { authorization: `Bearer ${access_token}` }
    const { api_key: apiKey } = await call(service.url, '/api/v1/api_key/', { headers: bearer, json: { name: 'test' } })
    const { input_output } = await call(service.url, '/api/v1/all', { headers: bearer })
    const flow = chatFlow(input_output as Components)
    const { id: flowId } = await call(service.url, '/api/v1/flows/', { headers: { 'x-api-key': String(apiKey) }, json: flow })
    return { ...service, apiKey: String(apiKey), flowId: String(flowId) }
  } catch (error) {
    await service.stop()
    throw error
  }
}

function environment(folder: string): Record<string, string> {
  for (const name of ['config', 'outbox']) mkdirSync(join(folder, name))
  const off = [
    'OPEN_BROWSER',
    'CREATE_STARTER_PROJECTS',
    'UPDATE_STARTER_PROJECTS',
    'AGENTIC_EXPERIENCE',
    'MCP_SERVER_ENABLED',
    'MCP_COMPOSER_ENABLED',
  ]
  return {
    LANGFLOW_DO_NOT_TRACK: 'true',
    LANGFLOW_CONFIG_DIR: join(folder, 'config'),
    LANGFLOW_DATABASE_URL: `sqlite:///${join(folder, 'langflow.db')}`,
    LANGFLOW_TELEMETRY_WRITER_OUTBOX_DIR: join(folder, 'outbox'),
    LANGFLOW_AUTO_LOGIN: 'true',
    LANGFLOW_SKIP_AUTH_AUTO_LOGIN: 'false',
    LANGFLOW_SECRET_KEY: randomBytes(32).toString('base64url'),
    LANGFLOW_LOG_LEVEL: 'error',
    ...Object.fromEntries(off.map((name) => [`LANGFLOW_${name}`, 'false'])),
  }
}

type Components = { readonly ChatInput: unknown; readonly ChatOutput: unknown }

/** The flow, made of the server's own components: their code belongs to its version. */
function chatFlow({ ChatInput, ChatOutput }: Components): unknown {
  const [source, target] = ['ChatInput-in', 'ChatOutput-out']
  const node = (id: string, type: string, component: unknown, x: number) => ({
    id,
    type: 'genericNode',
    position: { x, y: 0 },
    data: { id, type, node: component },
  })
  const sourceHandle = { dataType: 'ChatInput', id: source, name: 'message', output_types: ['Message'] }
  const targetHandle = { fieldName: 'input_value', id: target, inputTypes: ['Data', 'DataFrame', 'Message'], type: 'other' }
  // LangFlow keeps handles as JSON with another quotation mark.
  const handle = (value: unknown) => JSON.stringify(value).replaceAll('"', 'œ')
  const edge = {
    id: 'edge',
    source,
    target,
    sourceHandle: handle(sourceHandle),
    targetHandle: handle(targetHandle),
    data: { sourceHandle, targetHandle },
  }
  const nodes = [node(source, 'ChatInput', ChatInput, 0), node(target, 'ChatOutput', ChatOutput, 500)]
  return { name: 'Chat', description: 'Answers what it was asked', data: { nodes, edges: [edge], viewport: { x: 0, y: 0, zoom: 1 } } }
}

async function call(
  url: string,
  path: string,
  { headers = {}, json }: { headers?: Record<string, string>; json?: unknown } = {},
): Promise<Record<string, unknown>> {
  const init =
    json === undefined
      ? { headers }
      : { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(json) }
  const response = await fetch(url + path, init)
  if (!response.ok) throw new Error(`LangFlow answered ${response.status} to ${path}.`)
  return (await response.json()) as Record<string, unknown>
}
