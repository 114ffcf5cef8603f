import { readFileSync } from 'node:fs'
import type { Agent } from 'node:http'
import type { StepLog } from 'dagma'

/** The result of an OpenTelemetry exporter; code 0 is success. */
interface ExportResult {
  readonly code: number
  readonly error?: Error
}

/** An exporter of spans or metrics. */
export interface Exporter<Items> {
  export(items: Items, done: (result: ExportResult) => void): void
}

/**
 * The way out to the collector: what goes wrong there becomes one warning a run, and nothing waits longer than it may. Answers, and messages made
 * from them, are never shown: a server may say back what it was sent.
 */
export class Outlet {
  #log: StepLog | undefined
  readonly #warned = new Set<string>()
  #gaveUp = false
  /** Counts the runs: an export that began in an earlier one is not news. */
  #era = 0
  readonly #agents: Agent[] = []

  /** A run begins: failures are logged to it, and the collector is retried. */
  begin(log: StepLog): void {
    this.#log = log
    this.#warned.clear()
    this.#gaveUp = false
    this.#era++
  }

  /** The run is over: later failures are not logged to it. */
  end(log: StepLog): void {
    if (this.#log === log) this.#log = undefined
  }

  warn(what: string, text: string): void {
    if (!this.#warned.has(what)) this.#log?.warning(`OpenTelemetry: ${text}`)
    this.#warned.add(what)
  }

  /** Nothing more is sent until another run begins, and no open connection keeps the process. */
  giveUp(): void {
    this.#gaveUp = true
    for (const agent of this.#agents) agent.destroy()
  }

  /** Makes the exporter tell of its failures, and send nothing after the outlet has given up. */
  observed<Kind extends Exporter<never>>(exporter: Kind, what: string, url: string): Kind {
    const send = exporter.export.bind(exporter) as (items: unknown, done: (result: ExportResult) => void) => void
    const observedExport = (items: unknown, done: (result: ExportResult) => void): void => {
      if (this.#gaveUp) return done({ code: 1 })
      const era = this.#era
      send(items, (result) => {
        if (result.code !== 0 && !this.#gaveUp && era === this.#era)
          this.warn(what, `${what} could not be sent to ${bare(url)}: ${reason(result.error)}.`)
        done(result)
      })
    }
    return Object.assign(exporter, { export: observedExport })
  }

  /** Makes the agent of an exporter's connections. */
  readonly agentFactory = async (protocol: string): Promise<Agent> => {
    const { Agent: Made } = protocol === 'https:' ? await import('node:https') : await import('node:http')
    const agent = new Made({ keepAlive: true, ...(protocol === 'https:' && certificates()) })
    this.#agents.push(agent)
    return agent
  }
}

/** As the standard variables name them. */
function certificates(): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const read = (name: string): Buffer | undefined => {
    const file = process.env[name]
    return file ? readFileSync(file) : undefined
  }
  const ca = read('OTEL_EXPORTER_OTLP_CERTIFICATE')
  const cert = read('OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE')
  const key = read('OTEL_EXPORTER_OTLP_CLIENT_KEY')
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}

/** A URL without what may be secret in it. */
export function bare(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

/** A status or Node's code of an error; never its message. */
export function reason(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown }
  if (typeof code === 'number') return `it answered ${code}`
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : 'it gave no answer that it took them'
}

/** Whether `work` ended in this time. */
export async function endsWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>()
  const timer = setTimeout(late.resolve, milliseconds, false)
  try {
    return await Promise.race([work.then(() => true), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
