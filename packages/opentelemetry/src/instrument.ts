import {
  type Finding,
  failedFinding,
  type Instrument,
  type InstrumentContext,
  type OpenTraceDestination,
  type ProbeContext,
  redact,
  type TraceDestination,
} from 'dagma/author'
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
      const destinations = settings.isDisabled ? [] : (options.destinations ?? [])
      const used = run.part === 'end' ? [] : destinations.filter((destination) => isUsed(destination, context))
      if (trace === undefined && metrics === undefined && !goesSomewhere(settings) && used.length === 0) return undefined
      const systems = destinations.map(({ system }) => system)
      telemetry ??= import('./telemetry.ts').then(({ Telemetry }) => Telemetry.create(settings, systems))
      const opened = await Promise.all(
        destinations.map(async (destination) => ({
          system: destination.system,
          open: used.includes(destination) ? await openDestination(destination, settings, context) : undefined,
        })),
      )
      return (await telemetry).observe(run, context.log, settings, opened)
    },
    probe: async (context) => {
      const settings = readSettings(options)
      const wrong = settings.warnings.map(
        (message): Finding => ({ check: 'variables', status: 'warning', message, fix: 'See docs/guide/opentelemetry.md.' }),
      )
      const taken = (await Promise.all((options.destinations ?? []).map((one) => findings(one, context)))).filter(
        (some) => some !== undefined,
      )
      wrong.push(...taken.flat())
      if (goesSomewhere(settings)) return [...wrong, ...(await import('./probe.ts').then(({ probe }) => probe(settings, context)))]
      if (taken.length > 0) return wrong
      const fix = 'Set OTEL_EXPORTER_OTLP_ENDPOINT to a collector, or OTEL_METRICS_EXPORTER=prometheus.'
      return [...wrong, { check: 'backend', status: 'local', message: 'Traces and metrics are not exported.', fix }]
    },
  }
}

/** Whether a run's traces go there. When its settings are wrong, they do not, and the run has a warning. */
function isUsed(destination: TraceDestination, { log }: InstrumentContext): boolean {
  try {
    return destination.isOn()
  } catch (error) {
    log.warning(noTrace(destination.system, errorText(error)))
    return false
  }
}

async function openDestination(
  destination: TraceDestination,
  { flushTimeoutMs }: Settings,
  { log }: InstrumentContext,
): Promise<OpenTraceDestination | undefined> {
  try {
    return await destination.open(AbortSignal.timeout(flushTimeoutMs))
  } catch (error) {
    log.warning(
      noTrace(destination.system, error instanceof DOMException ? `it did not answer within ${flushTimeoutMs} ms.` : errorText(error)),
    )
    return undefined
  }
}

/** The findings of `dagma doctor` for the destination; undefined while it is off. */
async function findings(destination: TraceDestination, context: ProbeContext): Promise<readonly Finding[] | undefined> {
  try {
    return destination.isOn() ? ((await destination.probe?.(context)) ?? []) : undefined
  } catch (error) {
    return [failedFinding(`traces in ${destination.system}`, error)]
  }
}

function noTrace(system: string, reason: string): string {
  return `OpenTelemetry: this run has no trace in ${system}: ${reason}`
}

function errorText(error: unknown): string {
  return redact(String((error as Error).message))
}

function goesSomewhere({ tracesUrl, metricsUrl, prometheus }: Settings): boolean {
  return tracesUrl !== undefined || metricsUrl !== undefined || prometheus !== undefined
}
