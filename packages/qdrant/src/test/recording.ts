import { readFileSync } from 'node:fs'
import type { Qdrant, QdrantFilter, QdrantPoint, QdrantVectors } from '../index.ts'

/** One call to a real server, and its answer. */
export interface RecordedCall {
  readonly name: string
  readonly request: {
    readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
    readonly path: string
    readonly body: RecordedBody | null
    readonly api_key: 'none' | 'wrong' | 'valid'
  }
  readonly response: { readonly status: number; readonly content_type: string | null; readonly body: RecordedAnswer | string }
}

interface RecordedAnswer {
  readonly result?: unknown
  readonly status?: unknown
}

interface RecordedBody {
  readonly vectors?: QdrantVectors
  readonly points?: readonly unknown[]
  readonly ids?: readonly number[]
  readonly query?: number | readonly number[]
  readonly filter?: QdrantFilter
  readonly limit?: number
  readonly offset?: number
  readonly score_threshold?: number
  readonly with_payload?: boolean | readonly string[]
  readonly with_vector?: boolean
}

/** All recorded calls, in their order. */
export const recordedCalls: readonly RecordedCall[] = JSON.parse(
  readFileSync(new URL('../../test-data/qdrant-1.18.3-answers.json', import.meta.url), 'utf8'),
).calls

/** Calls that no operation of the interface makes, each with the reason. */
export const unmapped: Readonly<Record<string, string>> = {
  root: 'no operation',
  readyz: 'no operation',
  'no key': 'a question of the transport; see the test of keys',
  'wrong key': 'a question of the transport; see the test of keys',
  'list empty': 'no operation',
  'exists: no': 'no operation',
  'exists: yes': 'no operation',
  'create again': 'ensureCollection looks first',
  'upsert bad id string': 'such a string becomes a UUID',
  'upsert empty list': 'upsert([]) sends nothing',
  'upsert malformed json': 'cannot be sent',
  'get one': 'no operation; retrieve does it',
  'get one missing': 'no operation; retrieve does it',
  'set payload': 'no operation',
}

/** The collection that a recorded call is about. */
export function collectionOf({ request }: RecordedCall): string {
  return /^\/collections\/([^/?]+)/.exec(request.path)?.[1] ?? ''
}

/** Makes the recorded call through the interface. */
export function replay({ request: { method, path, body } }: RecordedCall, client: Qdrant): Promise<unknown> {
  const { points = [], ids = [], query, filter, limit, offset, score_threshold, with_payload, with_vector = false, vectors } = body ?? {}
  const filtered = filter && { filter }
  switch (`${method} ${path.replace(/^\/collections\/[^/]+|\?.*$/g, '')}`) {
    case 'GET ':
      return client.collectionInfo()
    case 'PUT ':
      return client.ensureCollection(vectors as QdrantVectors)
    case 'DELETE ':
      return client.deleteCollection()
    case 'PUT /points':
      return client.upsert(points as QdrantPoint[])
    case 'POST /points':
      return client.retrieve(ids, { withPayload: with_payload ?? true, withVector: with_vector })
    case 'POST /points/count':
      return client.count({ ...filtered })
    case 'POST /points/scroll':
      return client.scroll({ ...filtered, ...(limit && { limit }), withPayload: with_payload ?? true })
    case 'POST /points/delete':
      return client.delete(filter ? { filter } : { ids: points as number[] })
    case 'POST /points/query':
      return client.query({
        ...(typeof query === 'number' ? { id: query } : { vector: query ?? [] }),
        ...filtered,
        ...(limit !== undefined && { limit }),
        ...(offset !== undefined && { offset }),
        ...(score_threshold !== undefined && { scoreThreshold: score_threshold }),
        withPayload: with_payload ?? false,
        withVector: with_vector,
      })
    default:
      throw new Error(`${method} ${path} is not mapped`)
  }
}

/** The client's result for a recorded answer of status 200. */
export function resultOf({ request: { method, path, body }, response }: RecordedCall): unknown {
  const { result } = response.body as { result: never }
  const plain = (points: readonly { version?: number }[]) => points.map(({ version: _, ...point }) => point)
  switch (`${method} ${path.replace(/^\/collections\/[^/]+|\?.*$/g, '')}`) {
    case 'GET ': {
      const { status, config } = result as { status: string; config: { params: { vectors: object } } }
      return { ...config.params.vectors, status }
    }
    case 'PUT ':
      return { created: result }
    case 'PUT /points':
      return { points: body?.points?.length, batches: 1 }
    case 'POST /points/count':
      return (result as { count: number }).count
    case 'POST /points/query':
      return plain((result as { points: [] }).points)
    case 'POST /points/scroll': {
      const { points, next_page_offset: next } = result as { points: []; next_page_offset: number }
      return { points, next }
    }
    case 'POST /points/delete':
      return undefined
    default:
      return result
  }
}
