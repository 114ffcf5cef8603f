import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace'
import type { OpenTraceDestination, TracedSpan } from 'dagma/author'
import type { Outlet } from './outlet.ts'

/** Sends each run's spans to where its destination has been found; while that is not known, nowhere. */
export class DestinationExporter implements SpanExporter {
  readonly #system: string
  readonly #outlet: Outlet
  readonly #timeoutMs: number
  #open: OpenTraceDestination | undefined
  #exporter: SpanExporter | undefined

  constructor(system: string, outlet: Outlet, timeoutMs: number) {
    this.#system = system
    this.#outlet = outlet
    this.#timeoutMs = timeoutMs
  }

  /** Spans go there from now on. */
  setOpen(open: OpenTraceDestination | undefined): void {
    if (open?.url !== this.#open?.url || this.#exporter === undefined) this.#exporter = open && this.#exporterTo(open.url)
    this.#open = open
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    const open = this.#open
    if (open === undefined || this.#exporter === undefined) return done({ code: 0 })
    this.#exporter.export(
      spans.map((span) => withAttributes(span, open)),
      done,
    )
  }

  async shutdown(): Promise<void> {
    await this.#exporter?.shutdown()
  }

  #exporterTo(url: string): SpanExporter {
    const exporter = new OTLPTraceExporter({
      url,
      timeoutMillis: this.#timeoutMs,
      httpAgentOptions: this.#outlet.agentFactory,
      headers: async () => ({ ...this.#open?.headers() }),
    })
    return this.#outlet.observed(exporter, `traces for ${this.#system}`, url)
  }
}

/** Passes spans to the exporter, in batches. */
export function batched(exporter: SpanExporter): SpanProcessor {
  return new BatchSpanProcessor({ exporter, maxQueueSize: 8_192, scheduledDelayMillis: 1_000 })
}

/** A span as the destination wants it. One without a status ended well. */
function withAttributes(span: ReadableSpan, { attributes }: OpenTraceDestination): ReadableSpan {
  const kind = span.attributes['dagma.span_kind'] as TracedSpan['kind']
  const more = attributes({ kind, attributes: span.attributes })
  return Object.create(span, {
    attributes: { value: { ...span.attributes, ...more }, enumerable: true },
    status: { value: span.status.code === 0 ? { code: 1 } : span.status, enumerable: true },
  })
}
