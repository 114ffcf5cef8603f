import type { Instrument, InstrumentContext } from 'dagma'
import { registeredSdk } from './registered.ts'
import { declareSecrets, type OpenTelemetryOptions, readSettings, type Settings } from './settings.ts'
import type { Telemetry } from './telemetry.ts'
import { type TraceUrl, traceUrls } from './trace-url.ts'

/**
 * Traces and metrics of runs, for `definitions({ instrument: openTelemetry() })`. Without options it follows the standard `OTEL_*` variables, and is
 * off when none names a destination: then no library of OpenTelemetry is loaded and nothing is opened. Where the program has registered an SDK of its
 * own, that is used. See `docs/guide/opentelemetry.md`.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Instrument {
  declareSecrets()
  let telemetry: Promise<Telemetry> | undefined
  return {
    startRun: async (run, context) => {
      const settings = readSettings(options)
      for (const warning of settings.warnings) context.log.warning(`OpenTelemetry: ${warning}`)
      const { trace, metrics } = registeredSdk()
      if (trace === undefined && metrics === undefined && !goesSomewhere(settings)) return undefined
      telemetry ??= import('./telemetry.ts').then(({ Telemetry }) => Telemetry.create(settings))
      return (await telemetry).watch(run, context.log, traceUrlOf(options, context))
    },
  }
}

function goesSomewhere({ tracesUrl, metricsUrl, prometheus }: Settings): boolean {
  return tracesUrl !== undefined || metricsUrl !== undefined || prometheus !== undefined
}

function traceUrlOf(options: OpenTelemetryOptions, { log }: InstrumentContext): TraceUrl | undefined {
  const template = options.traceUrlTemplate ?? process.env.DAGMA_TRACE_URL_TEMPLATE
  if (!template) return undefined
  const made = traceUrls(template)
  if ('traceUrl' in made) return made.traceUrl
  log.warning(`OpenTelemetry: DAGMA_TRACE_URL_TEMPLATE ${made.wrong}: there are no links to traces.`)
  return undefined
}
