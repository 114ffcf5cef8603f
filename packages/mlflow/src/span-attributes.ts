import { type Json, record, type TracedSpan } from 'dagma/author'

/** MLflow's names for the kinds of spans. A call has none. */
const spanTypes: { readonly [Kind in TracedSpan['kind']]: string | undefined } = {
  run: 'WORKFLOW',
  step: 'TASK',
  call: undefined,
  embedding: 'EMBEDDING',
  retrieval: 'RETRIEVER',
  generation: 'CHAT_MODEL',
  tool: 'TOOL',
}

/** Of how many assets the pages are shown. */
const mostPages = 20

type Attributes = TracedSpan['attributes']

/** MLflow's attributes of a span: its type, inputs, outputs and tokens; of the root, the session and the tags that lead back to Dagster. */
export function spanAttributes({ kind, attributes }: TracedSpan): { [name: string]: Json } {
  return present({
    'mlflow.spanType': spanTypes[kind],
    ...(kind === 'run' && rootAttributes(attributes)),
    ...shown(kind, attributes),
  })
}

function shown(kind: TracedSpan['kind'], attributes: Attributes): { [name: string]: Json | undefined } {
  const input = read(attributes['dagma.input'] ?? attributes['gen_ai.input.messages'] ?? attributes['gen_ai.tool.call.arguments'])
  const output = read(attributes['dagma.output'] ?? attributes['gen_ai.output.messages'] ?? attributes['gen_ai.tool.call.result'])
  const inputs = (own: { [name: string]: Json | undefined }) => ({ 'mlflow.spanInputs': present(own) })
  const { status, error } = { status: plain(attributes['dagma.status']), error: plain(attributes['exception.message']) }
  switch (kind) {
    case 'run':
      return {
        ...inputs({
          job: plain(attributes['dagma.job_name']),
          partition: plain(attributes['dagma.partition_key']),
          assets: list(attributes),
        }),
        'mlflow.spanOutputs': present({ status, ...pages(attributes) }),
      }
    case 'step':
      return {
        ...inputs({ assets: list(attributes), retry: plain(attributes['dagma.retry_count']) }),
        'mlflow.spanOutputs': present({ status, error, ...numbers(attributes), ...pages(attributes) }),
      }
    case 'call':
      return {}
    case 'retrieval':
      return { ...inputs({ ...facts(attributes), input }), 'mlflow.spanOutputs': documents(attributes, output) }
    default:
      return {
        ...inputs({ model: plain(attributes['gen_ai.request.model']), ...facts(attributes), ...messages(kind, input) }),
        'mlflow.spanOutputs': output ?? present({ status, error }),
      }
  }
}

/** MLflow draws a conversation from `messages`. */
function messages(kind: TracedSpan['kind'], input: Json | undefined): { [name: string]: Json | undefined } {
  return kind === 'generation' && Array.isArray(input) ? { messages: input } : { input }
}

/** As MLflow shows what a retriever found. Texts are there only where the content of traces is on. */
function documents(attributes: Attributes, output: Json | undefined): Json {
  const found = read(attributes['gen_ai.retrieval.documents'])
  const texts = Array.isArray(output) ? output : []
  if (!Array.isArray(found)) return output ?? []
  return found.map((document, index) => {
    const { id, score } = record(document)
    return {
      id: String(id),
      page_content: pageContent(texts[index]) ?? String(id),
      metadata: { score: Number(score), doc_uri: String(id) },
    }
  })
}

/** The text of a document, whatever it is called. */
function pageContent(document: Json | undefined): string | undefined {
  if (typeof document === 'string') return document
  const { text, page_content: content = text } = record(document)
  return typeof content === 'string' ? content : document === undefined ? undefined : JSON.stringify(document)
}

function rootAttributes(attributes: Attributes): { [name: string]: Json | undefined } {
  const keys = texts(attributes['dagma.asset_keys'])
  const urls = texts(attributes['dagma.asset_urls'])
  const pages =
    keys.length === 1 ? { 'dagster.asset_url': urls[0] } : Object.fromEntries(keys.map((key, at) => [`dagster.asset_url/${key}`, urls[at]]))
  const tags = {
    'dagster.run_id': plain(attributes['dagma.run_id']),
    'dagster.run_url': plain(attributes['dagma.run_url']),
    'dagster.asset_key': keys.length > 0 ? keys.join(', ') : undefined,
    'dagster.partition': plain(attributes['dagma.partition_key']),
    ...pages,
  }
  return {
    'session.id': plain(attributes['dagma.job_name']),
    ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`mlflow.traceTag.${name}`, value])),
  }
}

/** The counts, sizes and names that describe an operation. */
function facts(attributes: Attributes): { [name: string]: Json | undefined } {
  const own = Object.entries(attributes).filter(([name]) => name.startsWith('dagma.') && !hidden.has(name))
  return Object.fromEntries(own.map(([name, value]) => [name.slice('dagma.'.length), plain(value)]))
}

const hidden = new Set(['dagma.span_kind', 'dagma.operation', 'dagma.status', 'dagma.input', 'dagma.output'])

function numbers(attributes: Attributes): { [name: string]: Json | undefined } {
  return Object.fromEntries(
    Object.entries(facts(attributes)).filter(([name, value]) => typeof value === 'number' && name !== 'retry_count'),
  )
}

/** The way back, which MLflow shows as links: the run in Dagster, and the page of each asset. */
function pages(attributes: Attributes): { [name: string]: Json | undefined } {
  const keys = texts(attributes['dagma.asset_keys'])
  const urls = texts(attributes['dagma.asset_urls']).slice(0, mostPages)
  return {
    'run in Dagster': plain(attributes['dagma.run_url']),
    ...Object.fromEntries(urls.map((url, at) => [`${keys[at]} in Dagster`, url])),
  }
}

function list(attributes: Attributes): Json | undefined {
  const keys = texts(attributes['dagma.asset_keys'])
  return keys.length > 0 ? keys : undefined
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function plain(value: unknown): string | number | boolean | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined
}

function read(text: unknown): Json | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text // the exit gate may have cut it
  }
}

function present(values: { readonly [name: string]: Json | undefined }): { [name: string]: Json } {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, Json] => entry[1] !== undefined))
}
