import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { type Finding, type ProbeContext, pageFinding } from 'dagma/author'
import { bare, type Exporter, Outlet, reason } from './outlet.ts'
import { connection } from './own-sdk.ts'
import type { Settings } from './settings.ts'
import type { TraceUrl } from './trace-url.ts'

/** Sends nothing to each collector, as spans and metrics are sent, with their headers and certificates; opens the page of a trace. */
export async function probe(settings: Settings, context: ProbeContext): Promise<Finding[]> {
  const { tracesUrl, metricsUrl, prometheus, traceUrl } = settings
  const outlet = new Outlet()
  const options = connection({ ...settings, flushTimeoutMs: context.timeoutMs }, outlet)
  const traces = tracesUrl && sent('traces', new OTLPTraceExporter({ ...options, url: tracesUrl }), [], tracesUrl)
  const nothing = { resource: resourceFromAttributes({}), scopeMetrics: [] }
  const metrics = metricsUrl && sent('metrics', new OTLPMetricExporter({ ...options, url: metricsUrl }), nothing, metricsUrl)
  const page = traceUrl && pageFinding(tracePage(traceUrl), context)
  const found = await Promise.all([traces, metrics, page].filter((look) => look instanceof Promise))
  outlet.giveUp()
  return prometheus === undefined ? found : [...found, served(prometheus)]
}

async function sent<Items>(check: string, exporter: Exporter<Items>, items: Items, url: string): Promise<Finding> {
  const { code, error } = await new Promise<{ code: number; error?: Error }>((resolve) => exporter.export(items, resolve))
  if (code === 0) return { check, status: 'ok', message: `The collector at ${bare(url)} accepts them.` }
  const fix =
    'Check that the collector is running and accepts OTLP over HTTP there (usually on port 4318), and that the headers are correct.'
  return { check, status: 'error', message: `They could not be sent to ${bare(url)}: ${reason(error)}.`, fix }
}

function tracePage(traceUrl: TraceUrl) {
  return { key: 'trace_url', url: traceUrl('0'.repeat(32)), system: 'Traces', setting: 'DAGMA_TRACE_URL_TEMPLATE' }
}

function served({ host, port }: NonNullable<Settings['prometheus']>): Finding {
  return { check: 'prometheus', status: 'ok', message: `Metrics are served at http://${host}:${port}/metrics while a run lasts.` }
}
