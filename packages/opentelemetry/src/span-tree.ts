import { type Context, context, type Span, SpanKind, SpanStatusCode, TraceFlags, type Tracer, trace } from '@opentelemetry/api'
import type { CallObserver, EndStatus, ObservedRun, ObservedStep, OutgoingCall, RunObserver, StepObserver } from 'dagma/author'
import { callAttributes, callEndAttributes, cut, reportAttributes, stepAttributes, stepEndAttributes } from './attributes.ts'
import type { Metrics } from './metrics.ts'
import type { TraceUrl } from './trace-url.ts'

/** How a span tree meets the world. */
export interface TreeOptions {
  /** Headers that carry the span to a system that is called. */
  readonly headers: (of: Context, span: Span) => Record<string, string>
  readonly traceUrl: TraceUrl | undefined
}

/** The spans of one run: the run, attempts of steps below it, outgoing calls below them. */
export class SpanTree {
  readonly #run: ObservedRun
  readonly #tracer: Tracer
  readonly #metrics: Metrics
  readonly #options: TreeOptions

  constructor(run: ObservedRun, tracer: Tracer, metrics: Metrics, options: TreeOptions) {
    this.#run = run
    this.#tracer = tracer
    this.#metrics = metrics
    this.#options = options
  }

  observeRun(span: Span, parent: Context, flush: () => Promise<void>): RunObserver {
    const within = trace.setSpan(parent, span)
    return {
      startCall: (call) => this.#observeCall(call, within),
      startStep: (step) => this.#observeStep(step, within),
      end: async (status) => {
        this.#metrics.runEnded(this.#run, status)
        span.setAttribute('dagma.status', status)
        close(span, status, undefined)
        await flush()
      },
    }
  }

  #observeStep(step: ObservedStep, parent: Context): StepObserver {
    const span = this.#tracer.startSpan(`step ${step.name}`, { attributes: stepAttributes(step) }, parent)
    const within = trace.setSpan(parent, span)
    const one = step.assetKeys.length === 1
    return {
      traceUrl: this.#traceUrl(span),
      within: (work) => context.with(within, work),
      startCall: (call) => this.#observeCall(call, within),
      reported: ({ assetKey, metadata }) => {
        const attributes = reportAttributes(metadata)
        // A step of several assets tells of each in an event.
        if (one) span.setAttributes(attributes)
        else span.addEvent('asset', { 'dagma.asset_key': cut(assetKey.join('/')), ...attributes })
        const size = metadata.size_bytes
        if (size?.type === 'int') this.#metrics.stored(this.#run, step, Number(size.raw_value))
      },
      modelCalled: (use) => this.#metrics.modelCalled(this.#run, step, use),
      end: (end) => {
        this.#metrics.stepEnded(this.#run, step, end)
        span.setAttributes(stepEndAttributes(end))
        close(span, end.status, end.error?.message)
      },
    }
  }

  #observeCall(call: OutgoingCall, parent: Context): CallObserver {
    const began = performance.now()
    const options = { kind: SpanKind.CLIENT, attributes: callAttributes(call) }
    const span = this.#tracer.startSpan(`${call.system} ${call.operation}`, options, parent)
    return {
      headers: this.#options.headers(trace.setSpan(parent, span), span),
      end: (end) => {
        this.#metrics.callEnded(call, end, performance.now() - began)
        span.setAttributes(callEndAttributes(end))
        close(span, end.status, end.error)
      },
    }
  }

  /** A trace that is not recorded has no page. */
  #traceUrl(span: Span): string | undefined {
    const { traceId, traceFlags } = span.spanContext()
    return (traceFlags & TraceFlags.SAMPLED) === 0 ? undefined : this.#options.traceUrl?.(traceId)
  }
}

function close(span: Span, status: EndStatus, error: string | undefined): void {
  if (status !== 'success') span.setStatus({ code: SpanStatusCode.ERROR, message: error === undefined ? status : cut(error) })
  span.end()
}
