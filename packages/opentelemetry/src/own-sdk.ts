/** Providers of this package's own, where the program has registered none. They are not registered either: a library must not decide that. */
import { createHash, randomUUID } from 'node:crypto'
import type { Attributes, Meter, Tracer } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources'
import { type IMetricReader, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions'
import { redact } from 'dagma/author'
import { schemaUrl } from './attributes.ts'
import { batched } from './destinations.ts'
import type { Outlet } from './outlet.ts'
import { prometheusEndpoint } from './prometheus.ts'
import type { Settings } from './settings.ts'

export { DestinationExporter } from './destinations.ts'

/** A source of spans or metrics, and how to send what it has. */
export interface Source<Kind> {
  readonly source: Kind
  readonly flush: () => Promise<unknown>
}

const scope = '@dagma/opentelemetry'

/**
 * The trace of a run has the run's id, where that is a UUID, and the id of its root follows from it: so one leads to the other, and the steps of a run
 * that are done by several processes are one tree.
 */
export class RunIds extends RandomIdGenerator {
  #next: { traceId?: string | undefined; spanId?: string | undefined } = {}

  constructor() {
    super()
    this.generateTraceId = this.#given('traceId', this.generateTraceId)
    this.generateSpanId = this.#given('spanId', this.generateSpanId)
  }

  /** The next trace is this run's, and begins with its root. */
  setNext(runId: string): void {
    const id = runId.replaceAll('-', '').toLowerCase()
    const hash = createHash('sha256').update(runId).digest('hex')
    this.#next = { traceId: /^[0-9a-f]{32}$/.test(id) && !/^0+$/.test(id) ? id : hash.slice(0, 32), spanId: hash.slice(-16) }
  }

  #given(which: 'traceId' | 'spanId', random: () => string): () => string {
    return () => {
      const next = this.#next[which]
      this.#next[which] = undefined
      return next ?? random.call(this)
    }
  }
}

export function ownTraces(settings: Settings, ids: RunIds, outlet: Outlet, destinations: readonly SpanExporter[]): Source<Tracer> {
  const { tracesUrl: url } = settings
  const collector = url && outlet.observed(new OTLPTraceExporter({ ...connection(settings, outlet), url }), 'traces', url)
  const provider = new TracerProvider({
    resource: resource(settings),
    sampler: sampler(),
    idGenerator: ids,
    spanProcessors: [...(collector ? [collector] : []), ...destinations].map(batched),
  })
  return { source: provider.getTracer(scope, undefined, { schemaUrl }), flush: () => provider.forceFlush() }
}

export function ownMetrics(settings: Settings, outlet: Outlet): Source<Meter> {
  const readers: IMetricReader[] = []
  if (settings.metricsUrl !== undefined) {
    const { metricsUrl: url } = settings
    const exporter = outlet.observed(new OTLPMetricExporter({ ...connection(settings, outlet), url }), 'metrics', url)
    const exportTimeoutMillis = timeoutMs(settings)
    readers.push(
      new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: Math.max(60_000, exportTimeoutMillis), exportTimeoutMillis }),
    )
  }
  if (settings.prometheus !== undefined) readers.push(prometheusEndpoint(settings.prometheus, outlet))
  const provider = new MeterProvider({ resource: resource(settings), readers })
  return { source: provider.getMeter(scope, undefined, { schemaUrl }), flush: () => provider.forceFlush() }
}

/** How a collector is reached. */
export function connection(settings: Settings, outlet: Outlet) {
  const { headers } = settings
  return {
    timeoutMillis: timeoutMs(settings),
    httpAgentOptions: outlet.agentFactory,
    ...(headers && {
      headers: async () =>
        Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : value.reveal()])),
    }),
  }
}

/** No request may keep a process longer than the run's end may take. */
function timeoutMs({ flushTimeoutMs }: Settings): number {
  const said = Number(process.env.OTEL_EXPORTER_OTLP_TIMEOUT || 10_000)
  return Math.min(said > 0 ? said : 10_000, flushTimeoutMs)
}

function resource({ serviceName }: Settings): Resource {
  const fromEnvironment = detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }).attributes
  const attributes: Attributes = {
    [ATTR_SERVICE_NAME]: 'dagma',
    'service.instance.id': randomUUID(), // two concurrent processes are two sources of metrics
    ...(fromEnvironment as Attributes),
    ...(serviceName && { [ATTR_SERVICE_NAME]: serviceName }),
  }
  const gated = Object.entries(attributes).map(([name, value]) => [name, typeof value === 'string' ? redact(value) : value])
  return defaultResource().merge(resourceFromAttributes(Object.fromEntries(gated)))
}

/** As `OTEL_TRACES_SAMPLER` says; default: every trace. */
function sampler(): Sampler {
  const name = process.env.OTEL_TRACES_SAMPLER || 'parentbased_always_on'
  const share = Number(process.env.OTEL_TRACES_SAMPLER_ARG || 1)
  const plain = name.replace(/^parentbased_/, '')
  const root =
    plain === 'always_off'
      ? new AlwaysOffSampler()
      : plain === 'traceidratio'
        ? new TraceIdRatioBasedSampler(share >= 0 && share <= 1 ? share : 1)
        : new AlwaysOnSampler()
  return plain === name ? root : new ParentBasedSampler({ root })
}
