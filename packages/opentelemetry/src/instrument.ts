import { type Finding, type Instrument, type InstrumentContext, redact, type TraceDestination } from 'dagma/author'
import { registeredSdk } from './registered.ts'
import { declareSecrets, type OpenTelemetryOptions, readSettings, type Settings } from './settings.ts'
import type { Opened, Telemetry } from './telemetry.ts'

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
      const destinations = settings.isDisabled ? [] : (options.destinations ?? [])
      const isAsked = destinations.some(({ isOn }) => isOn())
      if (trace === undefined && metrics === undefined && !goesSomewhere(settings) && !isAsked) return undefined
      const systems = destinations.map(({ system }) => system)
      telemetry ??= import('./telemetry.ts').then(({ Telemetry }) => Telemetry.create(settings, systems))
      const opened = await Promise.all(destinations.map((destination) => openDestination(destination, settings, context)))
      return (await telemetry).observe(run, context.log, settings, opened)
    },
    probe: async (context) => {
      const settings = readSettings(options)
      const wrong = settings.warnings.map(
        (message): Finding => ({ check: 'variables', status: 'warning', message, fix: 'See docs/guide/opentelemetry.md.' }),
      )
      const taken = (options.destinations ?? []).filter(({ isOn }) => isOn()).map(async ({ probe }) => (await probe?.(context)) ?? [])
      wrong.push(...(await Promise.all(taken)).flat())
      if (goesSomewhere(settings)) return [...wrong, ...(await import('./probe.ts').then(({ probe }) => probe(settings, context)))]
      if (taken.length > 0) return wrong
      const fix = 'Set OTEL_EXPORTER_OTLP_ENDPOINT to a collector, or OTEL_METRICS_EXPORTER=prometheus.'
      return [...wrong, { check: 'backend', status: 'local', message: 'Traces and metrics are not exported.', fix }]
    },
  }
}

async function openDestination(destination: TraceDestination, { flushTimeoutMs }: Settings, { log }: InstrumentContext): Promise<Opened> {
  const { system } = destination
  if (!destination.isOn()) return { system, open: undefined }
  try {
    return { system, open: await destination.open(AbortSignal.timeout(flushTimeoutMs)) }
  } catch (error) {
    const reason =
      error instanceof DOMException ? `it did not answer within ${flushTimeoutMs} ms.` : redact(String((error as Error).message))
    log.warning(`OpenTelemetry: this run has no trace in ${system}: ${reason}`)
    return { system, open: undefined }
  }
}

function goesSomewhere({ tracesUrl, metricsUrl, prometheus }: Settings): boolean {
  return tracesUrl !== undefined || metricsUrl !== undefined || prometheus !== undefined
}
