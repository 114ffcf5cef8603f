import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json as readJson } from 'node:stream/consumers'

/** MLflow, Qdrant, LangFlow and endpoints for embeddings and chats on one address, each as far as the example project asks it, and always well. */
export interface FakeSystems extends AsyncDisposable {
  /** The variables that turn the real systems on, and lead here. */
  readonly variables: Readonly<Record<string, string>>
}

const flowId = '5a8d1b9c-8b0f-4b8f-9d43-0a3f8c1f7f10'

/** Starts them. */
export async function fakeSystems(): Promise<FakeSystems> {
  const collections = new Map<string, unknown>()
  const server = createServer(async (request, response) => {
    const answer = await answerTo(request, collections)
    const found = answer !== undefined
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(found ? answer : {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    variables: {
      MLFLOW_USE_TRACKING: 'true',
      MLFLOW_TRACKING_URI: url,
      QDRANT_URL: url,
      LANGFLOW_BASE_URL: url,
      LANGFLOW_DEFAULT_FLOW_ID: flowId,
      EMBEDDINGS_BASE_URL: `${url}/v1`,
      EMBEDDINGS_MODEL: 'fake-model',
      LLM_BASE_URL: `${url}/v1`,
      LLM_MODEL: 'fake-model',
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answerTo(request: IncomingMessage, collections: Map<string, unknown>): Promise<unknown> {
  const { pathname } = new URL(request.url ?? '', 'http://fake')
  const body = request.method === 'GET' ? undefined : await readJson(request).catch(() => ({}))
  return pathname.startsWith('/collections/')
    ? qdrant(request.method ?? '', pathname, body, collections)
    : pathname.startsWith('/v1/embeddings')
      ? embeddings(body as { input: string[] })
      : pathname.startsWith('/v1/chat/completions')
        ? chat
        : pathname.startsWith('/api/v1/run/')
          ? { session_id: 's', outputs: [{ outputs: [{ results: { message: { text: 'Hello.' } } }] }] }
          : mlflow(pathname)
}

const chat = {
  id: 'chat-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'fake-model',
  choices: [{ index: 0, message: { role: 'assistant', content: 'The passages say it [1].' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
}

const run = {
  info: { run_id: 'abc', experiment_id: '0', run_name: 'r', status: 'FINISHED', artifact_uri: 'mlflow-artifacts:/0/abc/artifacts' },
}

function mlflow(pathname: string): unknown {
  if (pathname.includes('/experiments/get')) return { experiment: { experiment_id: '0', name: 'Default', lifecycle_stage: 'active' } }
  return pathname.endsWith('/runs/create') ? { run } : {}
}

function qdrant(method: string, pathname: string, body: unknown, collections: Map<string, unknown>): unknown {
  const [, , name = '', ...below] = pathname.split('/')
  const path = `${method} ${below.join('/')}`
  if (path === 'PUT ') collections.set(name, body)
  if (path === 'GET ') {
    const params = collections.get(name)
    return params === undefined ? undefined : { result: { status: 'green', config: { params } } }
  }
  if (path === 'POST points/query')
    return { result: { points: [{ id: 1, score: 0.5, payload: { passage: 'p', document: 'd', heading: 'h', text: 't' } }] } }
  return { result: path === 'PUT ' ? true : { status: 'completed' } }
}

function embeddings({ input }: { input: string[] }): unknown {
  const data = input.map((text, index) => ({ index, embedding: [text.length, 1, 2, 3] }))
  return { model: 'fake-model', data: data.reverse(), usage: { prompt_tokens: input.length, total_tokens: input.length } }
}
