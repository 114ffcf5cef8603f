/** The one door out: whatever leaves a run passes here, on both hosts. Normalize → observe → redact. */
import type { Metadata } from '../../metadata/metadata-value.ts'
import { bound, normalize, type WireMetadata } from '../../metadata/normalize.ts'
import { type FailureFacts, observe, observeFailure, type StepFacts } from '../../metadata/observe.ts'
import { redacted } from '../../metadata/redaction/mark.ts'
import { redact, redactValue } from '../../metadata/redaction/redact.ts'

/** An error as it is stored and sent, in the form of Dagster Pipes. */
export interface WireError {
  readonly name: string
  readonly message: string
  /** Stack frames, the user's own only. */
  readonly stack: readonly string[]
  readonly cause: WireError | null
  readonly context: null
}

/** Normalized metadata of a materialization, ready to leave. */
export function gateMetadata(metadata: WireMetadata, facts: StepFacts): WireMetadata {
  return gateWireMetadata(observe(metadata, facts))
}

/** Normalized metadata of a failed step, ready to leave. */
export function gateFailureMetadata(metadata: WireMetadata, facts: FailureFacts): WireMetadata {
  return gateWireMetadata(observeFailure(metadata, facts))
}

/** Metadata that is known when definitions load, ready to leave. */
export function gateStaticMetadata(metadata: Metadata): WireMetadata {
  return gateWireMetadata(normalize(metadata))
}

/** Metadata that is normalized already, ready to leave. A number that was a secret is text by now. */
export function gateWireMetadata(metadata: WireMetadata): WireMetadata {
  const values = Object.entries(redactValue(metadata) as WireMetadata)
  return bound(Object.fromEntries(values.map(([key, value]) => [key, value.raw_value === redacted ? { ...value, type: 'text' } : value])))
}

/** A line of text, ready to leave. */
export function gateText(text: string): string {
  return redact(text)
}

/** JSON data, such as run config, ready to leave. */
export function gateValue<Value>(value: Value): Value {
  return redactValue(value) as Value
}

/** An error with its chain of causes, ready to leave. */
export function gateError(error: unknown): WireError {
  return wireError(error, 0)
}

const deepestCause = 10

function wireError(error: unknown, depth: number): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: redact(thrownText(error)), stack: [], cause: null, context: null }
  const cause = error.cause === undefined || depth === deepestCause ? null : wireError(error.cause, depth + 1)
  // What is thrown need not keep to the types: a name or message may be anything.
  return {
    name: redact(String(error.name)),
    message: redact(String(error.message)),
    stack: stackFrames(error).map(redact),
    cause,
    context: null,
  }
}

function thrownText(thrown: unknown): string {
  return `A value that is no Error was thrown: ${typeof thrown === 'string' ? thrown : typeof thrown}`
}

function stackFrames(error: Error): string[] {
  const lines = String(error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
  return lines.filter((line) => !notTheUsers.some((part) => line.includes(part))).map((line) => `${line}\n`)
}

/** This package's folder: source maps lead from its JavaScript to its sources. */
const ownFolder = new URL('../../..', import.meta.url).pathname

/** What stands in frames that tell a user nothing: Node's, this package's, and those of the command line that called it. */
const notTheUsers = ['node:', ownFolder, '/node_modules/commander/', 'at async Promise.all (index ', '(<anonymous>)']
