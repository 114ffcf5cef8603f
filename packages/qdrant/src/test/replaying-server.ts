import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json as readJson } from 'node:stream/consumers'
import { isDeepStrictEqual } from 'node:util'
import { type RecordedCall, recordedCalls } from './recording.ts'

/** A server on 127.0.0.1 that gives the recorded answers, each to the request that it was recorded for. */
export interface ReplayingServer extends AsyncDisposable {
  readonly url: string
  /** Says which recorded call comes next: where the same request has several answers, the last one up to it is given. */
  readonly at: (call: RecordedCall) => void
}

/** Starts the server. The one key that it takes is `key`. */
export async function replayingServer(key: string): Promise<ReplayingServer> {
  let reached = 0
  const server = createServer(async (request, response) => {
    const call = answerFor(
      request,
      keyState(request, key),
      request.method === 'GET' ? null : await readJson(request).catch(() => null),
      reached,
    )
    const { status, content_type, body } = call.response
    response.writeHead(status, content_type === null ? {} : { 'content-type': content_type })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    at: (call) => {
      reached = recordedCalls.indexOf(call)
    },
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function keyState({ headers }: IncomingMessage, key: string): RecordedCall['request']['api_key'] {
  const given = headers['api-key']
  return given === undefined ? 'none' : given === key ? 'valid' : 'wrong'
}

function answerFor({ method, url }: IncomingMessage, api_key: string, body: unknown, reached: number): RecordedCall {
  const byName = (name: string) => recordedCalls.find((call) => call.name === name) as RecordedCall
  if (api_key !== 'valid') return byName(api_key === 'none' ? 'no key' : 'wrong key')
  const past = recordedCalls.slice(0, reached + 1)
  const found = past.findLast(
    ({ request }) => request.method === method && request.path === url && isDeepStrictEqual(asSent(request.body), asSent(body)),
  )
  if (found !== undefined) return found
  if (method === 'GET') return byName('get missing collection')
  throw new Error(`no answer was recorded for ${method} ${url} ${JSON.stringify(body)}`)
}

/** A body without what is the same as leaving it out. */
function asSent(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return null
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => !(name.startsWith('with_') && value === false)))
}
