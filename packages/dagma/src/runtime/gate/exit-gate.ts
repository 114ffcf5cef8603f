/** The one door out: whatever leaves a run passes here, on both hosts. Normalize → observe → redact. */
import { fileURLToPath } from 'node:url'
import { DagmaError } from '../../errors.ts'
import type { Metadata } from '../../metadata/metadata-value.ts'
import { bound, cutText, longestMetadataValue, normalize, type WireMetadata } from '../../metadata/normalize.ts'
import { type FailureFacts, observe, observeFailure, type StepFacts } from '../../metadata/observe.ts'
import { redacted } from '../../metadata/redaction/mark.ts'
import { redact, redactStart, redactValue } from '../../metadata/redaction/redact.ts'
import { learnEnvironment } from '../../metadata/redaction/secret-values.ts'
import { type ErrorLink, errorChain, thrownMessage, thrownName, thrownStack } from '../../metadata/thrown.ts'
import { ownFolder } from '../../own-files.ts'

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
  const start = Object.entries(metadata).map(([key, value]) => [
    key,
    isLongText(value.raw_value) ? { ...value, raw_value: cutRedacted(value.raw_value) } : value,
  ])
  const values = Object.entries(redactValue(Object.fromEntries(start)) as WireMetadata)
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

/** An error with everything that led to it, one below the other as causes, ready to leave. Whatever was thrown, this does not throw. */
export function gateError(error: unknown): WireError {
  learnEnvironment() // it may be of code that has just set a variable
  const { links, isCut } = errorChain(error)
  const more = isCut ? wireError({ error: new Error('… and more errors'), which: '' }, null) : null
  const [first, ...causes] = links
  const cause = causes.reduceRight<WireError | null>((below, link) => wireError(link, below), more)
  return wireError(first ?? { error, which: '' }, cause)
}

/** The message of an error, short enough to be quoted in another message. */
export function reasonOf(error: unknown): string {
  const text = error instanceof DagmaError ? error.problem : thrownMessage(error)
  return text.length <= longestReason ? text : cutRedacted(text, longestReason)
}

function wireError({ error, which }: ErrorLink, cause: WireError | null): WireError {
  const message = cutRedacted(thrownMessage(error))
  return {
    name: cutRedacted(thrownName(error)),
    message: which === '' ? message : `(${which}) ${message}`,
    stack: stackFrames(error),
    cause,
    context: null,
  }
}

/** The longest {@link reasonOf} an error, in characters: a message has room for it and for the words around it. */
const longestReason = 12_000

/** Redacted first, so that no secret is cut in two; and no more of it than may stay, so that a text of any size is not copied. */
function cutRedacted(text: string, most = longestMetadataValue): string {
  const start = redactStart(text, 4 * most)
  return cutText(start, text.length > 4 * most ? text.length : start.length, most)
}

function isLongText(value: unknown): value is string {
  return typeof value === 'string' && value.length > longestMetadataValue
}

/** Frames of a stack that are kept. */
const mostFrames = 50
/** Characters of a stack that are searched. */
const mostOfStack = 200_000

function stackFrames(error: unknown): string[] {
  const stack = thrownStack(error)
  const message = thrownMessage(error) // comes first in it, and may be of any size
  const at = stack.indexOf(message)
  const from = at < 0 ? 0 : at + message.length
  return stack
    .slice(from, from + mostOfStack)
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !notTheUsers.some((part) => line.includes(part)))
    .slice(0, mostFrames)
    .map((line) => `${cutRedacted(line)}\n`)
}

/** Matches stack frames that do not help a user: Node's, this package's (by path or by URL), and those of the command line that called it. */
const notTheUsers = [
  'node:',
  fileURLToPath(ownFolder),
  ownFolder.href,
  '/node_modules/commander/',
  'at async Promise.all (index ',
  '(<anonymous>)',
]
