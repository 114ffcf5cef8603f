/** Loaded only when there is somewhere to tell things to. */
import {
  type Context,
  context,
  createNoopMeter,
  type Meter,
  metrics,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { StepLog } from 'dagma'
import type { ObservedRun, OpenTraceDestination, RunObserver } from 'dagma/author'
import { runAttributes, schemaUrl } from './attributes.ts'
import type { DestinationExporter } from './destinations.ts'
import { Metrics } from './metrics.ts'
import { endsWithin, Outlet } from './outlet.ts'
import type { RunIds, Source } from './own-sdk.ts'
import { registeredSdk } from './registered.ts'
import type { Settings } from './settings.ts'
import { SpanTree } from './span-tree.ts'

const scope = '@dagma/opentelemetry'
const silent = async (): Promise<void> => {}

interface Parts {
  readonly settings: Settings
  readonly outlet: Outlet
  readonly traces: Source<Tracer>
  readonly meters: Source<Meter>
  readonly ids: RunIds | undefined
  readonly destinations: readonly DestinationExporter[]
}

/** A destination that takes the traces of a run; undefined when it could not be found. */
export interface Opened {
  readonly system: string
  readonly open: OpenTraceDestination | undefined
}

/** Where the spans and metrics of this process go: to what the program has registered, otherwise to providers of our own. */
export class Telemetry {
  readonly #settings: Settings
  readonly #outlet: Outlet
  readonly #traces: Source<Tracer>
  readonly #metrics: Source<Metrics>
  /** Of our own provider; undefined with a registered one. */
  readonly #ids: RunIds | undefined
  /** In the order of the project's destinations. */
  readonly #destinations: readonly DestinationExporter[]

  private constructor({ settings, outlet, traces, meters, ids, destinations }: Parts) {
    this.#settings = settings
    this.#outlet = outlet
    this.#traces = traces
    this.#metrics = { source: new Metrics(meters.source), flush: meters.flush }
    this.#ids = ids
    this.#destinations = destinations
  }

  static async create(settings: Settings, systems: readonly string[]): Promise<Telemetry> {
    const outlet = new Outlet()
    const { tracesUrl, metricsUrl, prometheus } = settings
    const registered = { traces: registeredTraces(), metrics: registeredMetrics() }
    const wanted = {
      traces: registered.traces === undefined && (tracesUrl !== undefined || systems.length > 0),
      metrics: registered.metrics === undefined && (metricsUrl !== undefined || prometheus !== undefined),
    }
    const own = wanted.traces || wanted.metrics ? await import('./own-sdk.ts') : undefined
    const ids = own && wanted.traces ? new own.RunIds() : undefined
    const destinations = own && ids ? systems.map((system) => new own.DestinationExporter(system, outlet, settings.flushTimeoutMs)) : []
    const traces = own && ids ? own.ownTraces(settings, ids, outlet, destinations) : registered.traces
    const meters = own && wanted.metrics ? own.ownMetrics(settings, outlet) : registered.metrics
    const noTraces = { source: new ProxyTracerProvider().getTracer(scope), flush: silent }
    const noMetrics = { source: createNoopMeter(), flush: silent }
    return new Telemetry({ settings, outlet, traces: traces ?? noTraces, meters: meters ?? noMetrics, ids, destinations })
  }

  /** Begins to follow a run. */
  observe(run: ObservedRun, log: StepLog, settings: Settings, opened: readonly Opened[]): RunObserver {
    this.#outlet.begin(log)
    for (const [index, destination] of this.#destinations.entries()) destination.setOpen(opened[index]?.open)
    const lost = this.#ids === undefined ? opened.find(({ open }) => open !== undefined) : undefined
    if (lost) log.warning(`OpenTelemetry: the program has registered its own SDK: ${lost.system} gets no traces.`)
    const places = this.#ids === undefined ? [] : opened.flatMap(({ open }) => open ?? [])
    const { traceUrl, content } = settings
    // With a registered SDK the run belongs to whatever the program is doing.
    const parent = this.#ids === undefined ? context.active() : ROOT_CONTEXT
    this.#ids?.setNext(run.runId)
    const name = run.jobName === undefined ? 'run' : `run ${run.jobName}`
    const span = this.#traces.source.startSpan(
      name,
      { attributes: runAttributes(run), ...(run.startedAt !== undefined && { startTime: run.startedAt }) },
      parent,
    )
    const tree = new SpanTree(run, this.#traces.source, this.#metrics.source, {
      headers: this.#ids === undefined ? injected : traceparent,
      traceUrls: (traceId) => Object.assign({ trace_url: traceUrl?.(traceId) }, ...places.map((place) => place.traceUrls(traceId))),
      content,
    })
    return tree.observeRun(span, parent, () => this.#flush().finally(() => this.#outlet.end(log)))
  }

  /** Sends everything that is there, in bounded time, and never throws. */
  async #flush(): Promise<void> {
    const { flushTimeoutMs } = this.#settings
    const work = Promise.allSettled([this.#traces.flush(), this.#metrics.flush()])
    if (await endsWithin(work, flushTimeoutMs)) return
    this.#outlet.warn('flush', `the collector did not answer within ${flushTimeoutMs} ms: what it had not taken is lost.`)
    this.#outlet.giveUp()
  }
}

/** The provider that the program has registered; undefined if there is none, or if its version of the API cannot be used. */
function registeredTraces(): Source<Tracer> | undefined {
  const provider = trace.getTracerProvider()
  if (provider !== registeredSdk().trace) return undefined
  const real = provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider
  return { source: provider.getTracer(scope, undefined, { schemaUrl }), flush: flushOf(real) }
}

function registeredMetrics(): Source<Meter> | undefined {
  const provider = metrics.getMeterProvider()
  if (provider !== registeredSdk().metrics) return undefined
  return { source: provider.getMeter(scope, undefined, { schemaUrl }), flush: flushOf(provider) }
}

function flushOf(provider: object): () => Promise<unknown> {
  const { forceFlush } = provider as { forceFlush?: () => Promise<unknown> }
  return forceFlush === undefined ? silent : () => forceFlush.call(provider)
}

/** By the program's own propagators. */
function injected(of: Context): Record<string, string> {
  const headers: Record<string, string> = {}
  propagation.inject(of, headers)
  return headers
}

/** W3C Trace Context. */
function traceparent(_of: Context, span: Span): Record<string, string> {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return { traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}` }
}
