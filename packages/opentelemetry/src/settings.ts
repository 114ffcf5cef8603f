import { type Secret, secret } from 'dagma'
import { isHttpUrl, type TraceDestination, type TracedContent } from 'dagma/author'
import { type TraceUrl, traceUrls } from './trace-url.ts'

/** Where telemetry goes, as {@link openTelemetry} takes it. What is given here comes before the environment. */
export interface OpenTelemetryOptions {
  /** Name of the service in traces and metrics. Default: `OTEL_SERVICE_NAME`, otherwise `dagma`. */
  readonly serviceName?: string
  /** Root of a collector that takes OTLP over HTTP. Default: `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint?: string
  /** Sent to the collector. Default: `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: Readonly<Record<string, string | Secret>>
  /** Default: `OTEL_TRACES_EXPORTER`, otherwise `otlp` when an endpoint is set. */
  readonly traces?: 'otlp' | 'none'
  /** Default: `OTEL_METRICS_EXPORTER`, otherwise `otlp` when an endpoint is set. */
  readonly metrics?: 'otlp' | 'prometheus' | 'none' | readonly ('otlp' | 'prometheus')[]
  /** Address of the Prometheus endpoint. Default: `OTEL_EXPORTER_PROMETHEUS_HOST`, else 127.0.0.1. */
  readonly prometheusHost?: string
  /** Default: `OTEL_EXPORTER_PROMETHEUS_PORT`, else 9464. */
  readonly prometheusPort?: number
  /** Page of a trace, with `{trace_id}` in it. Default: `DAGMA_TRACE_URL_TEMPLATE`. */
  readonly traceUrlTemplate?: string
  /** Systems that get the traces beside the collector, such as `mlflowTraces(mlflowFromEnv)`. Default: none. */
  readonly destinations?: readonly TraceDestination[]
  /**
   * Whether spans of work with models carry texts: prompts, answers, passages. `summary`: their beginnings; `full`: up to 8,000 characters each.
   * Default: `DAGMA_TRACE_CONTENT`, otherwise `off`: counts, sizes and ids only.
   */
  readonly content?: 'off' | TracedContent['level']
  /** Names of fields that are left out of these texts wherever they stand, such as `email`. Default: none. */
  readonly personalFields?: readonly string[]
  /** How long a run waits at its end for the collector, in milliseconds. Default 2,000. */
  readonly flushTimeoutMs?: number
}

/** The settings that result from the options and the environment. */
export interface Settings {
  readonly serviceName: string | undefined
  /** Where traces go; undefined when they go nowhere. */
  readonly tracesUrl: string | undefined
  readonly metricsUrl: string | undefined
  readonly prometheus: { readonly host: string; readonly port: number } | undefined
  readonly headers: Readonly<Record<string, string | Secret>> | undefined
  readonly flushTimeoutMs: number
  readonly traceUrl: TraceUrl | undefined
  /** The texts that spans may carry; undefined: none. */
  readonly content: TracedContent | undefined
  readonly isDisabled: boolean
  /** Settings that cannot be followed, in a sentence each. */
  readonly warnings: readonly string[]
}

const defaultEndpoint = 'http://localhost:4318'
const headerVariables = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_METRICS_HEADERS']

/** Tells the exit gate that the headers for the collector are secret, together and each by itself. */
export function declareSecrets(): void {
  for (const variable of headerVariables) secret(variable, headerSecrets)
}

/** `a=1,b=Bearer%202`: the values, and the words in them. */
export function headerSecrets(headers: string): string[] {
  const values = headers.split(',').map((pair) => pair.slice(pair.indexOf('=') + 1).trim())
  return values.flatMap((value) => [value, decoded(value), ...decoded(value).split(/\s+/)])
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** Reads the environment, now. An empty variable counts as not set. */
export function readSettings(options: OpenTelemetryOptions): Settings {
  const warnings: string[] = []
  const env = (name: string): string | undefined => process.env[name] || undefined
  const nothing = {
    serviceName: undefined,
    tracesUrl: undefined,
    metricsUrl: undefined,
    prometheus: undefined,
    headers: undefined,
    traceUrl: undefined,
    content: undefined,
    isDisabled: true,
  }
  const flushTimeoutMs = options.flushTimeoutMs ?? 2_000
  if (env('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return { ...nothing, flushTimeoutMs, warnings }

  const url = (signal: 'TRACES' | 'METRICS', wanted: readonly string[] | undefined): string | undefined => {
    const own = options.endpoint === undefined ? env(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`) : undefined
    const root = options.endpoint ?? env('OTEL_EXPORTER_OTLP_ENDPOINT')
    if (wanted === undefined ? own === undefined && root === undefined : !wanted.includes('otlp')) return undefined
    const found = own ?? `${(root ?? defaultEndpoint).replace(/\/+$/, '')}/v1/${signal.toLowerCase()}`
    if (!isHttpUrl(found)) {
      const name =
        own === undefined ? (options.endpoint ? 'endpoint' : 'OTEL_EXPORTER_OTLP_ENDPOINT') : `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`
      warnings.push(`${name} is not an http or https URL without user info: no ${signal.toLowerCase()} are sent.`)
      return undefined
    }
    const protocol = env(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`) ?? env('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/protobuf'
    if (protocol !== 'http/protobuf')
      warnings.push(`Only the protocol http/protobuf is spoken, not the one that OTEL_EXPORTER_OTLP_PROTOCOL names.`)
    return found
  }

  const metrics = exporters('OTEL_METRICS_EXPORTER', options.metrics, ['otlp', 'prometheus'], warnings)
  const port = options.prometheusPort ?? Number(env('OTEL_EXPORTER_PROMETHEUS_PORT') ?? 9464)
  const isPort = Number.isInteger(port) && port > 0 && port < 65_536
  if (metrics?.includes('prometheus') && !isPort)
    warnings.push('OTEL_EXPORTER_PROMETHEUS_PORT is not a port: there is no Prometheus endpoint.')
  const host = options.prometheusHost ?? env('OTEL_EXPORTER_PROMETHEUS_HOST') ?? '127.0.0.1'
  return {
    serviceName: options.serviceName,
    tracesUrl: url('TRACES', exporters('OTEL_TRACES_EXPORTER', options.traces, ['otlp'], warnings)),
    metricsUrl: url('METRICS', metrics),
    prometheus: metrics?.includes('prometheus') && isPort ? { host, port } : undefined,
    headers: options.headers,
    flushTimeoutMs,
    content: content(options, warnings),
    isDisabled: false,
    traceUrl: traceUrl(options.traceUrlTemplate ?? env('DAGMA_TRACE_URL_TEMPLATE'), warnings),
    warnings: [...new Set(warnings)],
  }
}

function content({ content: option, personalFields = [] }: OpenTelemetryOptions, warnings: string[]): TracedContent | undefined {
  const said = option ?? (process.env.DAGMA_TRACE_CONTENT || 'off')
  if (said === 'summary' || said === 'full') return { level: said, personalFields }
  if (said !== 'off') warnings.push('DAGMA_TRACE_CONTENT is none of off, summary and full: spans carry no texts.')
  return undefined
}

function traceUrl(template: string | undefined, warnings: string[]): TraceUrl | undefined {
  if (template === undefined) return undefined
  const made = traceUrls(template)
  if ('traceUrl' in made) return made.traceUrl
  warnings.push(`DAGMA_TRACE_URL_TEMPLATE ${made.wrong}: there are no links to traces.`)
  return undefined
}

/** The exporters that are wanted; undefined when nobody said. */
function exporters(
  variable: string,
  option: string | readonly string[] | undefined,
  known: readonly string[],
  warnings: string[],
): readonly string[] | undefined {
  const said = option ?? (process.env[variable] || undefined)
  if (said === undefined) return undefined
  const wanted = (typeof said === 'string' ? said.split(',') : said).map((one) => one.trim())
  if (wanted.some((one) => one !== 'none' && !known.includes(one)))
    warnings.push(`${variable} names an exporter that is not known here: known are ${[...known, 'none'].join(', ')}.`)
  return wanted.filter((one) => known.includes(one))
}
