import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { serviceExecutable, startService, type TestService } from './service.ts'

/** A LangFlow server with a key and a flow of Chat Input and Chat Output, which answers what it was asked. */
export interface TestLangflow extends TestService {
  readonly apiKey: string
  readonly flowId: string
  /** A flow that ends in data, a table and a list, without an output component. */
  readonly dataFlowId: string
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
    const { input_output, custom_component } = await call(service.url, '/api/v1/all', { headers: bearer })
    const make = (flow: unknown) => call(service.url, '/api/v1/flows/', { headers: { 'x-api-key': String(apiKey) }, json: flow })
    const { id: flowId } = await make(chatFlow(input_output as Components))
    const { id: dataFlowId } = await make(dataFlow(input_output as Components, custom_component as CustomComponents))
    return { ...service, apiKey: String(apiKey), flowId: String(flowId), dataFlowId: String(dataFlowId) }
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

interface CustomComponents {
  readonly CustomComponent: { readonly template: object; readonly outputs: readonly object[] }
}

/** A flow of Chat Input and Chat Output, made of the server's own components: their code belongs to its version. */
function chatFlow({ ChatInput, ChatOutput }: Components): unknown {
  const target = {
    ...{ id: 'ChatOutput-out', type: 'ChatOutput', component: ChatOutput },
    ...{ inputTypes: ['Data', 'DataFrame', 'Message'], fieldType: 'other' },
  }
  return flowOf({ name: 'Chat', description: 'Answers what it was asked', ChatInput, target })
}

const dataCode = `from lfx.custom.custom_component.component import Component
from lfx.io import MessageTextInput, Output
from lfx.schema.data import Data
from lfx.schema.dataframe import DataFrame

class Ends(Component):
    display_name = "Ends"
    name = "CustomComponent"
    inputs = [MessageTextInput(name="input_value", display_name="Input")]
    outputs = [Output(display_name=name, name=name, method=name) for name in ("as_data", "as_table", "as_list")]

    def as_data(self) -> Data:
        return Data(data={"asked": self.input_value, "answer": 42})

    def as_table(self) -> DataFrame:
        return DataFrame([{"a": 1, "b": "x"}, {"a": 2, "b": None}])

    def as_list(self) -> list[Data]:
        return [Data(data={"n": 1}), Data(data={"n": 2})]
`

/** A flow of Chat Input and a component that gives data, a table and a list. */
function dataFlow({ ChatInput }: Components, { CustomComponent }: CustomComponents): unknown {
  const output = (name: string, type: string) => ({
    ...CustomComponent.outputs[0],
    ...{ name, method: name, display_name: name, types: [type], selected: type },
  })
  const component = {
    ...CustomComponent,
    template: { ...CustomComponent.template, code: { ...Object(Reflect.get(CustomComponent.template, 'code')), value: dataCode } },
    outputs: [output('as_data', 'JSON'), output('as_table', 'Table'), output('as_list', 'JSON')],
  }
  const target = { id: 'Ends-x', type: 'CustomComponent', component, inputTypes: ['Message'], fieldType: 'str' }
  return flowOf({ name: 'Data', description: 'Answers with data', ChatInput, target })
}

interface Flow {
  readonly name: string
  readonly description: string
  readonly ChatInput: unknown
  /** The component that gets the input. */
  readonly target: {
    readonly id: string
    readonly type: string
    readonly component: unknown
    readonly inputTypes: readonly string[]
    readonly fieldType: string
  }
}

function flowOf({ name, description, ChatInput, target: { id: target, type, component, inputTypes, fieldType } }: Flow): unknown {
  const source = 'ChatInput-in'
  const node = (id: string, type: string, component: unknown, x: number) => ({
    id,
    type: 'genericNode',
    position: { x, y: 0 },
    data: { id, type, node: component },
  })
  const sourceHandle = { dataType: 'ChatInput', id: source, name: 'message', output_types: ['Message'] }
  const targetHandle = { fieldName: 'input_value', id: target, inputTypes, type: fieldType }
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
  const nodes = [node(source, 'ChatInput', ChatInput, 0), node(target, type, component, 500)]
  return { name, description, data: { nodes, edges: [edge], viewport: { x: 0, y: 0, zoom: 1 } } }
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
