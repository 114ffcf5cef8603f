import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A server on 127.0.0.1 that fails in a given way. */
export interface FaultServer extends AsyncDisposable {
  readonly url: string
  /** How many requests came. */
  readonly requests: () => number
}

/** Answers one request; `count` is 1 for the first. `body` is the request's, as text. */
export type Handler = (request: IncomingMessage, response: ServerResponse, count: number, body: string) => void

/** Stands in every answer of {@link faults}: must never come out in an error. */
export const bodyMarker = 'text-of-the-answer-7f3a'

/** Starts a server that answers by `handler`, over https when it is given a certificate with its key. */
export async function faultServer(handler: Handler, tls?: { readonly cert: string; readonly key: string }): Promise<FaultServer> {
  let count = 0
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.once('end', () => handler(request, response, ++count, Buffer.concat(parts).toString()))
  }
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests: () => count,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Answers with a JSON value. */
export function json(response: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}

/** A way to fail, and what has to come of it. */
export interface Fault {
  readonly name: string
  readonly handler: Handler
  readonly status?: number
  readonly reason: RegExp
  readonly hint: RegExp
  /** How often the server is asked, when the call may be done twice and when not. */
  readonly requests: { readonly idempotent: number; readonly other: number }
  /** The client's time-out, where the fault is that one passes. */
  readonly timeoutMs?: number
}

/** Long enough for an answer to begin on a busy machine: a test waits as long. */
const shortTimeoutMs = 2_000

const once = { idempotent: 1, other: 1 }

interface Answer {
  readonly requests?: Fault['requests']
  readonly headers?: Record<string, string>
}

const failed = (status: number, reason: RegExp, hint: RegExp, { requests = once, headers = {} }: Answer = {}): Fault => ({
  name: String(status),
  handler: (_, response) =>
    json(response, { error_code: bodyMarker, message: bodyMarker, detail: bodyMarker }, status, { 'x-marker': bodyMarker, ...headers }),
  status,
  reason,
  hint,
  requests,
})

/** Every fault that a client must turn into one clear error. */
export const faults: readonly Fault[] = [
  failed(401, /Unauthorized/, /Check the value of|set /),
  failed(403, /Forbidden/, /check/i),
  failed(404, /Not Found/, /Check/),
  failed(422, /Unprocessable Content/, /Check|log/),
  failed(429, /Too Many Requests/, /tried 3 times/, { requests: { idempotent: 3, other: 3 }, headers: { 'retry-after': '0' } }),
  ...[500, 502, 503, 504].map((status) =>
    failed(status, /Error|Bad|Unavailable|Timeout/, /log of|component/, { requests: { idempotent: 3, other: 1 } }),
  ),
  failed(307, /a redirect, which is not followed/, /address/, { headers: { location: 'http://127.0.0.1:9/elsewhere' } }),
  {
    name: 'HTML instead of JSON',
    handler: (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      response.end(`<html>${bodyMarker}</html>`)
    },
    status: 200,
    reason: /answered HTML instead of JSON/,
    hint: /root of/,
    requests: once,
  },
  {
    name: 'a body that is not JSON',
    handler: (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(`{"x": ${bodyMarker}`)
    },
    status: 200,
    reason: /is not valid JSON/,
    hint: /log of/,
    requests: once,
  },
  {
    name: 'a truncated body',
    handler: (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write(`{"x": "${bodyMarker}`, () => response.destroy())
    },
    status: 200,
    reason: /is incomplete/,
    hint: /log of/,
    requests: once,
  },
  {
    name: 'a body that does not end',
    handler: (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write(`{"x": "${bodyMarker}`)
    },
    status: 200,
    reason: /did not end within 2000 ms/,
    hint: /raise timeoutMs/,
    requests: once,
    timeoutMs: shortTimeoutMs,
  },
  {
    name: 'no answer',
    handler: () => {},
    reason: /no answer within 2000 ms/,
    hint: /raise timeoutMs/,
    requests: once,
    timeoutMs: shortTimeoutMs,
  },
  {
    name: 'a lost connection',
    handler: (request) => request.socket.destroy(),
    reason: /the connection was lost/,
    hint: /is running/,
    requests: { idempotent: 3, other: 1 },
  },
]
