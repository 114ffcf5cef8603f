import { type Context, context, type Span, SpanKind, SpanStatusCode, TraceFlags, type Tracer, trace } from '@opentelemetry/api'
import type {
  CallObserver,
  CallTracker,
  EndStatus,
  ObservedOperation,
  ObservedRun,
  ObservedStep,
  OperationObserver,
  OutgoingCall,
  RunObserver,
  StepObserver,
  TracedContent,
  TraceUrls,
} from 'dagma/author'
import {
  assetAttributes,
  callAttributes,
  callEndAttributes,
  cut,
  mostKeys,
  reportAttributes,
  stepAttributes,
  stepEndAttributes,
} from './attributes.ts'
import { operationAttributes, operationEndAttributes } from './gen-ai.ts'
import type { Metrics } from './metrics.ts'

/** How a span tree meets the world. */
export interface TreeOptions {
  /** Headers that carry the span to a system that is called. */
  readonly headers: (of: Context, span: Span) => Record<string, string>
  readonly traceUrls: (traceId: string) => TraceUrls
  /** The texts that spans of operations may carry; undefined: none. */
  readonly content: TracedContent | undefined
}

/** The spans of one run: the run, attempts of steps below it, work with models and outgoing calls below them. */
export class SpanTree {
  readonly #run: ObservedRun
  readonly #tracer: Tracer
  readonly #metrics: Metrics
  readonly #options: TreeOptions
  /** The subjects of this process's steps, as text; as many as are shown. */
  readonly #assetKeys = new Map<string, ObservedStep['assetKeys'][number]>()

  constructor(run: ObservedRun, tracer: Tracer, metrics: Metrics, options: TreeOptions) {
    this.#run = run
    this.#tracer = tracer
    this.#metrics = metrics
    this.#options = options
  }

  observeRun(span: Span, parent: Context, flush: () => Promise<void>): RunObserver {
    const within = trace.setSpan(parent, span)
    return {
      ...this.#tracker(within),
      startStep: (step) => this.#observeStep(step, within),
      end: async (status) => {
        const { part } = this.#run
        if (part !== 'steps') this.#metrics.runEnded(this.#run, status)
        if (part !== 'end') {
          // Of every process with steps: whichever is killed, the trace has its root.
          span.setAttributes({ ...assetAttributes(this.#run, [...this.#assetKeys.values()]), 'dagma.status': status })
          close(span, status, undefined)
        }
        await flush()
      },
    }
  }

  #observeStep(step: ObservedStep, parent: Context): StepObserver {
    for (const key of step.assetKeys) if (this.#assetKeys.size < mostKeys) this.#assetKeys.set(key.join('/'), key)
    const span = this.#tracer.startSpan(`step ${step.name}`, { attributes: stepAttributes(this.#run, step) }, parent)
    const within = trace.setSpan(parent, span)
    const one = step.assetKeys.length === 1
    return {
      ...this.#tracker(within),
      traceUrls: this.#traceUrls(span),
      within: (work) => context.with(within, work),
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

  #tracker(within: Context): Required<CallTracker> {
    return {
      startCall: (call) => this.#observeCall(call, within),
      startOperation: (operation) => this.#observeOperation(operation, within),
    }
  }

  #observeOperation(operation: ObservedOperation, parent: Context): OperationObserver {
    const { kind, name, system } = operation
    const span = this.#tracer.startSpan(`${system} ${name}`, { attributes: operationAttributes(operation) }, parent)
    return {
      ...this.#tracker(trace.setSpan(parent, span)),
      content: this.#options.content,
      end: (end) => {
        span.setAttributes(operationEndAttributes(kind, end))
        close(span, end.status, end.error)
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
  #traceUrls(span: Span): TraceUrls {
    const { traceId, traceFlags } = span.spanContext()
    return (traceFlags & TraceFlags.SAMPLED) === 0 ? {} : this.#options.traceUrls(traceId)
  }
}

function close(span: Span, status: EndStatus, error: string | undefined): void {
  if (status !== 'success') span.setStatus({ code: SpanStatusCode.ERROR, message: error === undefined ? status : cut(error) })
  span.end()
}
