import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from 'dagma'
import type { DagsterError, DagsterRun } from './dagster-instance.ts'
import { repository } from './repository.ts'

/** An error as an event carries it. */
type WireError = Extract<RunEvent, { type: 'STEP_FAILURE' }>['error']

/** An event in the form in which both hosts are compared. */
export interface HostEvent {
  readonly type: string
  readonly step?: string | null
  readonly [field: string]: unknown
}

/** A run with its events. */
export interface HostRun {
  readonly run: Readonly<Record<string, unknown>>
  readonly events: readonly HostEvent[]
}

interface Exclusion {
  readonly event: string
  readonly field?: string
  readonly message?: string
  readonly reason: string
}

/** `protocol/parity.json`. */
export const parity = JSON.parse(readFileSync(join(repository, 'protocol', 'parity.json'), 'utf8')) as {
  readonly compared: Readonly<Record<string, readonly string[]>>
  readonly excluded: readonly Exclusion[]
}

/** The compared part of a run: its status, and the events in order of each step that ran. */
export function comparable({ run, events }: HostRun): unknown {
  const steps = new Map<string, object[]>()
  for (const event of events) {
    const kept = comparableEvent(event)
    if (kept === undefined) continue
    const step = String(event.step)
    steps.set(step, [...(steps.get(step) ?? []), kept])
  }
  return { ...comparableEvent({ type: 'RUN', ...run }), steps: Object.fromEntries([...steps].sort(([a], [b]) => a.localeCompare(b))) }
}

function comparableEvent(event: HostEvent): object | undefined {
  const rules = parity.excluded.filter((rule) => rule.event === event.type || rule.event === '*')
  if (rules.some((rule) => isOut(rule, event))) return undefined
  const fields = parity.compared[event.type]
  if (fields === undefined) throw new Error(`parity.json neither compares nor excludes the event ${event.type}.`)
  const out = rules.flatMap((rule) => rule.field ?? [])
  for (const name of Object.keys(event)) {
    if (name !== 'type' && !fields.includes(name) && !out.includes(name))
      throw new Error(`parity.json neither compares nor excludes ${event.type}.${name}.`)
  }
  const kept = structuredClone({ type: event.type, ...Object.fromEntries(fields.map((name) => [name, event[name]])) })
  for (const path of out) blank(kept, path.split('.'))
  return kept
}

function isOut({ field, message }: Exclusion, event: HostEvent): boolean {
  if (field !== undefined) return false
  return message === undefined || new RegExp(message).test(String(event.message))
}

/** That a value is there stays compared. */
function blank(target: unknown, [name, ...rest]: readonly string[]): void {
  if (typeof target !== 'object' || target === null || name === undefined || !(name in target)) return
  const object = target as Record<string, unknown>
  if (rest.length > 0) blank(object[name], rest)
  else object[name] = '(not compared)'
}

/** The output of `dagma run show --json`, in the form for comparison. */
export function embeddedRun(shown: { readonly run: Readonly<Record<string, unknown>>; readonly events: readonly HostEvent[] }): HostRun {
  const events = shown.events.map((event) =>
    event.type === 'STEP_FAILURE' ? { ...event, error: saidOnce(event.error as WireError) } : event,
  )
  return { ...shown, events }
}

/** Dagster's text for a message that is contained in one above it. */
const saidAbove = '(said above)'

/** The error as Dagster shows it: each message once. */
function saidOnce(error: WireError | null, above: readonly string[] = []): unknown {
  if (error === null) return null
  const isSaid = above.some((message) => message.includes(error.message))
  return { ...error, message: isSaid ? saidAbove : error.message, cause: saidOnce(error.cause, [...above, error.message]) }
}

const levels: Readonly<Record<number, string>> = { 10: 'debug', 20: 'info', 30: 'warning', 40: 'error', 50: 'critical' }

/** A run of Dagster's instance, in the form for comparison. */
export function dagsterRun({ events, run_id: runId, job_name: jobName, ...run }: DagsterRun): HostRun {
  return {
    run: { ...run, runId, jobName },
    events: events.map((event): HostEvent => {
      if (event.type === 'LOG') return { ...event, level: levels[event.level] }
      if (event.type === 'STEP_FAILURE') return { ...event, error: wireError(event.error) }
      return event
    }),
  }
}

/** The error as the step runner reported it, read back from the text that Dagster shows. */
function wireError({ message }: DagsterError): unknown {
  const parts = message.replace(/^dagma\.errors\.TypeScriptStepError: /, '').split(/^Caused by:\n/m)
  return parts.reduceRight<unknown>((cause, part) => {
    const lines = part.replace(/\n+$/, '').split('\n')
    const stack = lines.filter((line) => /^ {4}at /.test(line)).map((line) => `${line}\n`)
    const [, name, text = saidAbove] = /^(\w+)(?:: (.*))?$/s.exec(lines.slice(0, lines.length - stack.length).join('\n')) ?? []
    return { name, message: text, stack, cause, context: null }
  }, null)
}
