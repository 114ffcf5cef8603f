import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { bytesOf, doubleOf, type Message, messagesOf, numberOf, readMessage, textOf } from './protobuf.ts'

/** A span as a collector got it. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty for a root. */
  readonly parentId: string
  readonly name: string
  /** 3 is a client's. */
  readonly kind: number
  /** 2 is an error. */
  readonly status: number
  readonly statusText: string
  readonly attributes: { readonly [name: string]: unknown }
  readonly events: readonly { readonly name: string; readonly attributes: { readonly [name: string]: unknown } }[]
  readonly schemaUrl: string
  readonly resource: { readonly [name: string]: unknown }
}

/** A metric as a collector got it. */
export interface ReceivedMetric {
  readonly name: string
  readonly unit: string
  /** Labels of each of its points. */
  readonly labels: readonly { readonly [name: string]: unknown }[]
}

/** A collector that takes OTLP over HTTP, as protobuf. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = []
  readonly metrics: ReceivedMetric[] = []
  /** All bodies, as they came. */
  readonly bodies: Buffer[] = []
  /** Headers of each request. */
  readonly headers: IncomingMessage['headers'][] = []
  readonly #server

  private constructor(answer: ((request: IncomingMessage, response: ServerResponse, body: Buffer) => void) | undefined) {
    this.#server = createServer(async (request, response) => {
      const body = await buffer(request)
      this.bodies.push(body)
      this.headers.push(request.headers)
      if (answer !== undefined) return answer(request, response, body)
      if (request.url === '/v1/traces') this.spans.push(...readSpans(body))
      if (request.url === '/v1/metrics') this.metrics.push(...readMetrics(body))
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  }

  /** Starts one; `answer` answers in place of taking what comes. */
  static async start(answer?: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver(answer)
    receiver.#server.listen(0, '127.0.0.1')
    await once(receiver.#server, 'listening')
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The spans as a tree of their names, children in the order in which they were sent, each indented below its parent. */
  tree(): string[] {
    const below = (parentId: string, depth: number): string[] =>
      this.spans
        .filter((span) => span.parentId === parentId)
        .flatMap((span) => [`${'  '.repeat(depth)}${span.name}`, ...below(span.spanId, depth + 1)])
    return below('', 0)
  }

  span(name: string): ReceivedSpan {
    const found = this.spans.find((span) => span.name === name)
    if (found === undefined) throw new Error(`There is no span "${name}" among ${this.spans.map((span) => span.name).join(', ')}.`)
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

function readSpans(body: Buffer): ReceivedSpan[] {
  return messagesOf(readMessage(body), 1).flatMap((resourceSpans) => {
    const resource = attributes(messagesOf(resourceSpans, 1)[0] ?? new Map(), 1)
    return messagesOf(resourceSpans, 2).flatMap((scopeSpans) =>
      messagesOf(scopeSpans, 2).map((span) => {
        const status = messagesOf(span, 15)[0] ?? new Map()
        return {
          traceId: hex(bytesOf(span, 1)),
          spanId: hex(bytesOf(span, 2)),
          parentId: hex(bytesOf(span, 4)),
          name: textOf(span, 5),
          kind: numberOf(span, 6),
          status: numberOf(status, 3),
          statusText: textOf(status, 2),
          attributes: attributes(span, 9),
          events: messagesOf(span, 11).map((event) => ({ name: textOf(event, 2), attributes: attributes(event, 3) })),
          schemaUrl: textOf(scopeSpans, 3),
          resource,
        }
      }),
    )
  })
}

function readMetrics(body: Buffer): ReceivedMetric[] {
  return messagesOf(readMessage(body), 1)
    .flatMap((resourceMetrics) => messagesOf(resourceMetrics, 2))
    .flatMap((scopeMetrics) => messagesOf(scopeMetrics, 2))
    .map((metric) => {
      const sums = messagesOf(metric, 7).flatMap((sum) => messagesOf(sum, 1).map((point) => attributes(point, 7)))
      const histograms = messagesOf(metric, 9).flatMap((histogram) => messagesOf(histogram, 1).map((point) => attributes(point, 9)))
      return { name: textOf(metric, 1), unit: textOf(metric, 3), labels: [...sums, ...histograms] }
    })
}

function attributes(message: Message, field: number): { [name: string]: unknown } {
  return Object.fromEntries(
    messagesOf(message, field).map((pair) => [textOf(pair, 1), anyValue(messagesOf(pair, 2)[0] ?? new Map())] as const),
  )
}

function anyValue(value: Message): unknown {
  if (value.has(1)) return textOf(value, 1)
  if (value.has(2)) return numberOf(value, 2) === 1
  if (value.has(3)) return numberOf(value, 3)
  if (value.has(4)) return doubleOf(bytesOf(value, 4))
  if (value.has(5)) return messagesOf(messagesOf(value, 5)[0] ?? new Map(), 1).map(anyValue)
  return undefined
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
