import type { Finding, Instrument } from 'dagma/author'
import { registeredSdk } from './registered.ts'
import { declareSecrets, type OpenTelemetryOptions, readSettings, type Settings } from './settings.ts'
import type { Telemetry } from './telemetry.ts'

/**
 * Traces and metrics of runs, for `definitions({ instrument: openTelemetry() })`. Without options it follows the standard `OTEL_*` variables, and is
 * off when none names a destination: then no library of OpenTelemetry is loaded and nothing is opened. Where the program has registered an SDK of its
 * own, that is used. See `docs/guide/opentelemetry.md`.
 * @example
 * ```ts
 * export default definitions({ instrument: openTelemetry({ endpoint: 'https://collector.example.com:4318' }) })
 * ```
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
      return (await telemetry).observe(run, context.log, settings.traceUrl)
    },
    probe: async (context) => {
      const settings = readSettings(options)
      const wrong = settings.warnings.map(
        (message): Finding => ({ check: 'variables', status: 'warning', message, fix: 'See docs/guide/opentelemetry.md.' }),
      )
      if (goesSomewhere(settings)) return [...wrong, ...(await import('./probe.ts').then(({ probe }) => probe(settings, context)))]
      const fix = 'Set OTEL_EXPORTER_OTLP_ENDPOINT to a collector, or OTEL_METRICS_EXPORTER=prometheus.'
      return [...wrong, { check: 'backend', status: 'local', message: 'Traces and metrics are not exported.', fix }]
    },
  }
}

function goesSomewhere({ tracesUrl, metricsUrl, prometheus }: Settings): boolean {
  return tracesUrl !== undefined || metricsUrl !== undefined || prometheus !== undefined
}
