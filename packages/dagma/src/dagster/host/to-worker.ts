/** Messages from a run to its Node worker, as in `protocol/worker.schema.json`, and how a line is read: each is understood whole, or refused with its place. */
import type { EndStatus } from '../../definitions/instrument.ts'
import { dagmaError } from '../../errors.ts'
import { inlineContext } from '../pipes/context-loader.ts'
import { decodeParams } from '../pipes/params.ts'
import { contextVariable, type PipesContextData } from '../pipes/protocol.ts'

/** Runs a step. */
export interface RunStep {
  readonly type: 'run_step'
  readonly step: string
  readonly context: PipesContextData
  readonly extras: StepExtras
}

/** Dagster has recorded how a step of a job ended. */
export interface HookCall {
  readonly type: 'call_hook'
  readonly step: string
  readonly run_id: string
  readonly job_name: string
  readonly step_name: string
  readonly error: { readonly name: string; readonly message: string } | null
}

/** The host's answer to something that a step has asked. */
export type Answer =
  | { readonly type: 'dynamic_partitions'; readonly step: string; readonly request: number; readonly partition_keys: readonly string[] }
  | { readonly type: 'materializations'; readonly step: string; readonly request: number; readonly found: readonly WireMaterialization[] }

/** A run has ended whose steps had processes of their own. */
export interface ObserveEnd {
  readonly type: 'observe_end'
  readonly run_id: string
  readonly job_name: string
  readonly partition_key: string | null
  readonly run_started: number | null
  readonly status: EndStatus
}

/** Any of them. */
export type ToWorker =
  | RunStep
  | HookCall
  | Answer
  | { readonly type: 'cancel_step'; readonly step: string }
  | { readonly type: 'run_failed' }
  | ObserveEnd
  | { readonly type: 'end_run' }
  | { readonly type: 'partitions_recorded'; readonly step: string; readonly count: number }

/** Data that the Python package sends besides the Pipes context. */
export interface StepExtras {
  readonly step_name: string
  readonly config: unknown
  readonly selected: readonly string[]
  readonly run_tags: { readonly [tag: string]: string }
  /** The keys of the dynamic partitions of upstream assets, by the name of their definition. */
  readonly dynamic_partitions: { readonly [name: string]: readonly string[] }
  /** When the run began, in seconds since 1970; null when Dagster does not know it. */
  readonly run_started: number | null
  /** Whether all steps of the run share its process. */
  readonly is_whole_run: boolean
  /** In a run of several partitions, those that are missing; otherwise null. */
  readonly partition_keys: readonly string[] | null
  /** The run from whose failure this one continues, the one from whose failure that did, and so on. */
  readonly resumed_run_ids: readonly string[]
}

/** A materialization that the host has found. */
export interface WireMaterialization {
  readonly partition_key: string | null
  readonly run_id: string
  /** Of its value. */
  readonly stored: { readonly digest: string; readonly stored_at: number | null; readonly host: string } | null
}

/** A line from the host. @throws DAGMA_MESSAGE_UNKNOWN when it is none of the messages */
export function readMessage(line: string): ToWorker {
  try {
    return anyMessage(JSON.parse(line), 'the message')
  } catch (error) {
    throw dagmaError('DAGMA_MESSAGE_UNKNOWN', { reason: error instanceof Unlike ? error.message : 'a line cannot be read' }, error)
  }
}

/** Why a value is not what it should be. */
class Unlike extends Error {}

/** Gives a part of a message in its type. Throws an {@link Unlike} that says where the part is of another form. */
type Reader<Read> = (value: unknown, where: string) => Read

type ReadBy<Readers> = { readonly [Name in keyof Readers]: Readers[Name] extends Reader<infer Read> ? Read : never }

const text: Reader<string> = (value, where) => {
  if (typeof value === 'string') return value
  throw new Unlike(`${where} is not a text`)
}

const number: Reader<number> = (value, where) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new Unlike(`${where} is not a number`)
}

const boolean: Reader<boolean> = (value, where) => {
  if (typeof value === 'boolean') return value
  throw new Unlike(`${where} is not true or false`)
}

function exactly<Value extends string>(expected: Value): Reader<Value> {
  return (value, where) => {
    if (value === expected) return expected
    throw new Unlike(`${where} is not "${expected}"`)
  }
}

function oneOf<Value extends string>(...expected: readonly Value[]): Reader<Value> {
  return (value, where) => {
    const found = expected.find((one) => one === value)
    if (found !== undefined) return found
    throw new Unlike(`${where} is not one of "${expected.join('", "')}"`)
  }
}

function nullable<Read>(reader: Reader<Read>): Reader<Read | null> {
  return (value, where) => (value === null ? null : reader(value, where))
}

function list<Read>(reader: Reader<Read>): Reader<readonly Read[]> {
  return (value, where) => {
    if (Array.isArray(value)) return value.map((item, index) => reader(item, `${where}[${index}]`))
    throw new Unlike(`${where} is not a list`)
  }
}

function membersOf(value: unknown, where: string): { readonly [name: string]: unknown } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new Unlike(`${where} is not an object`)
}

/** By names that are not known beforehand. */
function record<Read>(reader: Reader<Read>): Reader<{ readonly [name: string]: Read }> {
  return (value, where) =>
    Object.fromEntries(Object.entries(membersOf(value, where)).map(([name, member]) => [name, reader(member, `${where}.${name}`)]))
}

function object<Readers extends { readonly [name: string]: Reader<unknown> }>(readers: Readers): Reader<ReadBy<Readers>> {
  return (value, where) => {
    const members = membersOf(value, where)
    return Object.fromEntries(
      Object.entries(readers).map(([name, reader]) => [name, reader(members[name], `${where}.${name}`)]),
    ) as ReadBy<Readers>
  }
}

const materialization = object({
  partition_key: nullable(text),
  run_id: text,
  stored: nullable(object({ digest: text, stored_at: nullable(number), host: text })),
})

const stepExtras: Reader<StepExtras> = object({
  step_name: text,
  config: (value: unknown) => value ?? null,
  selected: list(text),
  run_tags: record(text),
  dynamic_partitions: record(list(text)),
  run_started: nullable(number),
  is_whole_run: boolean,
  partition_keys: nullable(list(text)),
  resumed_run_ids: list(text),
})

const pipesContext = object({ run_id: text, job_name: nullable(text), partition_key: nullable(text), retry_number: number })

const runStep: Reader<RunStep> = (value, where) => {
  const { step, params } = object({ step: text, params: object({ [contextVariable]: text }) })(value, where)
  const context = inlineContext(decodeParams(contextVariable, params[contextVariable]))
  const { run_id, job_name, partition_key, retry_number } = pipesContext(context, 'its context')
  const { dagma } = object({ dagma: stepExtras })(context.extras, "its context's extras")
  return { type: 'run_step', step, context: { ...context, run_id, job_name, partition_key, retry_number }, extras: dagma }
}

const readers: { readonly [Type in ToWorker['type']]: Reader<ToWorker> } = {
  run_step: runStep,
  cancel_step: object({ type: exactly('cancel_step'), step: text }),
  run_failed: object({ type: exactly('run_failed') }),
  observe_end: object({
    type: exactly('observe_end'),
    run_id: text,
    job_name: text,
    partition_key: nullable(text),
    run_started: nullable(number),
    status: oneOf('success', 'failure', 'canceled'),
  }),
  end_run: object({ type: exactly('end_run') }),
  partitions_recorded: object({ type: exactly('partitions_recorded'), step: text, count: number }),
  call_hook: object({
    type: exactly('call_hook'),
    step: text,
    run_id: text,
    job_name: text,
    step_name: text,
    error: nullable(object({ name: text, message: text })),
  }),
  dynamic_partitions: object({ type: exactly('dynamic_partitions'), step: text, request: number, partition_keys: list(text) }),
  materializations: object({ type: exactly('materializations'), step: text, request: number, found: list(materialization) }),
}

function anyMessage(value: unknown, where: string): ToWorker {
  const { type } = object({ type: text })(value, where)
  if (!isType(type)) throw new Unlike(`type "${type}"`)
  return readers[type](value, where)
}

function isType(type: string): type is ToWorker['type'] {
  return Object.hasOwn(readers, type)
}
