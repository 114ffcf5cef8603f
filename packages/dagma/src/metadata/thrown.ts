/** A thrown value of any kind: reading it never throws, and always ends. */
import { types } from 'node:util'

/** An error with where it stands among several that led to the same one: `2 of 3`; empty when it is the only one. */
export interface ErrorLink {
  readonly error: unknown
  readonly which: string
}

/** How many errors of a chain are followed. */
const mostErrors = 20

/**
 * The error, and below it each that led to it, once: its cause, those of an AggregateError, and the two of a SuppressedError, in the order in which
 * they happened. `isCut` when there are more.
 */
export function errorChain(thrown: unknown): { readonly links: readonly ErrorLink[]; readonly isCut: boolean } {
  const links: ErrorLink[] = []
  const seen = new Set<unknown>()
  const waiting: ErrorLink[] = [{ error: thrown, which: '' }]
  for (let link = waiting.pop(); link !== undefined; link = waiting.pop()) {
    if (seen.has(link.error)) continue
    if (links.length === mostErrors) return { links, isCut: true }
    seen.add(link.error)
    links.push(link)
    waiting.push(...reasonsOf(link.error).links.toReversed())
  }
  return { links, isCut: false }
}

/** The errors that led directly to this one, as many as are ever followed, and how many there are. */
function reasonsOf(thrown: unknown): { readonly links: readonly ErrorLink[]; readonly count: number } {
  const errors = member(thrown, 'errors')
  const several = Array.isArray(errors)
    ? errors
    : [member(thrown, 'suppressed'), has(thrown, 'suppressed') ? member(thrown, 'error') : undefined]
  const all = [member(thrown, 'cause'), ...several.slice(0, mostErrors + 1)].filter((error) => error !== undefined && error !== null)
  const count = all.length + Math.max(0, several.length - mostErrors - 1)
  return { links: all.map((error, index) => ({ error, which: count === 1 ? '' : `${index + 1} of ${count}` })), count }
}

/** The name of an error; `Error` for whatever has none. */
export function thrownName(thrown: unknown): string {
  const name = member(thrown, 'name')
  return typeof name === 'string' && name !== '' ? name : 'Error'
}

/** The message of an error, or of an object that has one; for anything else, that it is not an error. */
export function thrownMessage(thrown: unknown): string {
  const message = member(thrown, 'message')
  if (message !== undefined || isError(thrown)) {
    const text = message === undefined ? '' : textOf(message)
    const { count } = reasonsOf(thrown)
    return text === '' && count > 1 ? `${count} errors` : text
  }
  return `A value that is not an Error was thrown: ${typeof thrown === 'string' ? thrown : typeof thrown}`
}

/** The stack of an error as text; empty when it has none. */
export function thrownStack(thrown: unknown): string {
  const stack = member(thrown, 'stack')
  return typeof stack === 'string' ? stack : ''
}

function isError(thrown: unknown): boolean {
  return types.isNativeError(thrown) || thrown instanceof Error
}

function isObject(thrown: unknown): thrown is object {
  return (typeof thrown === 'object' && thrown !== null) || typeof thrown === 'function'
}

function has(thrown: unknown, name: string): boolean {
  return isObject(thrown) && name in thrown
}

function member(thrown: unknown, name: string): unknown {
  try {
    return has(thrown, name) && isObject(thrown) ? Reflect.get(thrown, name) : undefined
  } catch {
    return undefined // a getter that throws
  }
}

function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return 'a message that is not text' // an object without a prototype, or whose toString throws
  }
}
