import type { Source } from './decoded.ts'
import { findSecrets, reachOf } from './find-secrets.ts'
import { redacted, shortestSecret } from './mark.ts'
import { isSecretMember } from './named-values.ts'
import type { Needles, Spans } from './needles.ts'
import { needlesByVariable, secretNeedles } from './secret-values.ts'
import { cutShapes } from './shapes.ts'

/** No shape fits into less, and a secret has at least 8 characters. */
const shortestFind = 5

/**
 * `text` without any known secret's value, as it is or in encodings of any kind and order (escapes of JSON, URLs, HTML and others, base64 with whatever
 * is before it and between its lines, base32, bytes in hexadecimal or decimal numbers), user info in URLs, bearer and basic credentials, and well-known
 * shapes of keys. Each is replaced by `[redacted]`. Half a surrogate pair, which neither UTF-8 nor Python can carry, becomes U+FFFD.
 * @example
 * ```ts
 * console.log(redact('fetched https://user:password@shop.example.com'))
 * ```
 */
export function redact(text: string): string {
  return redactText(text, secretNeedles())
}

/**
 * {@link redact} applied to no more than about the first `most` characters, so that a very long text is not copied to be cut afterwards. A secret that
 * stands across that place is left out whole.
 */
export function redactStart(text: string, most: number): string {
  const reach = reachOf(secretNeedles())
  if (text.length <= most + reach) return redact(text)
  return redact(text.slice(0, most + reach)).slice(0, -reach)
}

/**
 * {@link redact} applied to every string in a JSON-like value, keys included. A number that a secret's digits are in becomes `[redacted]`, and so do
 * bytes that hold one.
 */
export function redactValue(value: unknown): unknown {
  const needles = secretNeedles()
  const walk = (item: unknown): unknown => {
    if (typeof item === 'string') return redactText(item, needles)
    if (typeof item === 'number') return standsIn(String(item), needles) ? redacted : item
    if (typeof item !== 'object' || item === null) return item
    const numbers = bytesIn(item)
    if (numbers !== undefined && holds(numbers, needles)) return redacted
    if (Array.isArray(item)) return item.map(walk)
    return Object.fromEntries(
      Object.entries(item).map(([key, member]) => [redactText(key, needles), isSecretAt(key, member) ? redacted : walk(member)]),
    )
  }
  return walk(value)
}

function isSecretAt(key: string, member: unknown): boolean {
  if (Array.isArray(member)) return member.length > 0 && member.every((item) => typeof item === 'string' && isSecretMember(key, item))
  return (typeof member === 'string' || typeof member === 'number') && isSecretMember(key, String(member))
}

/** Whether a text holds the value of a known secret, in any encoding. Shapes do not count. */
export function holdsSecret(text: string): boolean {
  return holds(text, secretNeedles())
}

/** The names of the variables whose values a text holds, for the message that refuses it. */
export function secretVariablesIn(text: string): string[] {
  return [...needlesByVariable()].filter(([, needles]) => holds(text, needles)).map(([variable]) => variable)
}

function redactText(text: string, needles: Needles): string {
  if (text.length < shortestFind) return text.toWellFormed()
  const known = needles.isEmpty ? text : cutParseErrors(cutOut(text, needles), needles)
  return cutShapes(known).toWellFormed()
}

function holds(text: string, needles: Needles): boolean {
  return text.length >= shortestSecret && !needles.isEmpty && findSecrets(needles, sourceOf(text)).length > 0
}

/** Whether a needle is in a text as it is: the digits of a number encode nothing. */
function standsIn(text: string, needles: Needles): boolean {
  const spans: Spans = []
  if (text.length >= shortestSecret) needles.find(sourceOf(text), spans)
  return spans.length > 0
}

/** The numbers of what may be bytes, such as the `data` of a `Buffer` in JSON, as a text. */
function bytesIn(item: object): string | undefined {
  const values: unknown[] = Array.isArray(item) ? item : Object.values(item)
  return values.length >= 8 && values.every(Number.isInteger) ? values.join(',') : undefined
}

const encoder = new TextEncoder()
let scratch = new Uint8Array(4096)
const longestKept = 1 << 20

/** A text as UTF-8, in memory that is used again for the next. */
function sourceOf(text: string): Source {
  if (text.length > longestKept) {
    const bytes = Buffer.from(text)
    return { bytes, length: bytes.length, isData: false }
  }
  if (scratch.length < text.length * 3) scratch = new Uint8Array(text.length * 3)
  const { written } = encoder.encodeInto(text, scratch)
  return { bytes: scratch, length: written, isData: false }
}

/** `text` with everything that `needles` find replaced. Finds that overlap go as one: nothing of the second may stay. */
function cutOut(text: string, needles: Needles): string {
  const source = sourceOf(text)
  if (source.length < shortestSecret) return text
  const spans = findSecrets(needles, source)
  if (spans.length === 0) return text
  const isAscii = source.length === text.length
  const bytes = Buffer.from(source.bytes.buffer, source.bytes.byteOffset, source.length)
  const piece = (from: number, to: number): string => (isAscii ? text.slice(from, to) : bytes.toString('utf8', from, to))
  let result = ''
  let copied = 0 // what is before this is in the result or cut
  for (const [start, end] of sortedSpans(spans)) {
    if (start >= copied) result += piece(copied, start) + redacted
    if (end > copied) copied = end
  }
  return result + piece(copied, source.length)
}

function sortedSpans(spans: Spans): (readonly [start: number, end: number])[] {
  const pairs = Array.from(
    { length: spans.length / 2 },
    (_, index) => [spans[index * 2] as number, spans[index * 2 + 1] as number] as const,
  )
  return pairs.sort(([a], [b]) => a - b)
}

/** V8's quote of a text that is not valid JSON: up to 10 characters on either side of the wrong one. */
const parseError = /(?<=, (?:\.\.\.)?").{8,64}?(?="(?:\.\.\.)? is not valid JSON)/gs

/** Such a quote may be a piece out of the middle of a secret. */
function cutParseErrors(text: string, needles: Needles): string {
  if (!text.includes(' is not valid JSON')) return text
  return text.replace(parseError, (quote) => (needles.touches(Buffer.from(quote)) ? redacted : quote))
}
