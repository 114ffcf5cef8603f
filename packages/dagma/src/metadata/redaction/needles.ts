/** Finds many known texts in bytes in one pass, by the hash of a window that rolls over them: linear in the bytes, however many texts there are. */

import type { Source } from './decoded.ts'

/** Bytes of a window. No secret is shorter. */
const window = 8

/** How many windows of a secret in a row make a fragment of it: 12 bytes, more than chance gives. */
const windowsOfFragment = 5

/** A beginning of a secret counts when an ellipsis cuts it off: V8 quotes 10 characters of what it cannot parse, Node 25. */
const shortestBeginning = 10

const base = 0x01000193
/** The factor of the byte that leaves a window: `base` to the seventh. */
const leaving = power(base, window - 1)

/** Start and end of finds, one after the other. */
export type Spans = number[]

/** Texts to find. Each has at least 8 bytes; shorter ones are left out. */
export class Needles {
  /** Whether a needle may begin with four bytes of this hash. */
  readonly #starts = new Uint8Array(1 << 12)
  readonly #byStart = new Map<number, Uint8Array[]>()
  /** By the hash of each window of each needle, whether it is one of a token; and whether there may be one, which is faster to see. */
  readonly #windows = new Map<number, boolean>()
  readonly #windowFlags = new Uint8Array(1 << 16)
  /** Bytes of the longest needle. */
  readonly longest: number = 0
  /** Whether no needle has quotes, backslashes, commas or white space, which text may have in its own ways. */
  areBare = true
  #hasTokens = false
  /** By byte, 1 where it is in a needle or is printable: what has none of these in a row holds neither a needle nor an encoding of one. */
  readonly legible = new Uint8Array(256)

  /** Needles as bytes, one character for each. */
  constructor(needles: Iterable<string>) {
    this.legible.fill(1, 32, 127)
    for (const byte of [0, 9, 10, 13]) this.legible[byte] = 1
    for (const needle of needles) {
      if (/[,"'`\\\0- ]/.test(needle)) this.areBare = false
      if (needle.length < window) continue
      this.longest = Math.max(this.longest, needle.length)
      this.#add(Buffer.from(needle, 'latin1'), isToken(needle))
    }
  }

  /** Whether there is nothing to find. */
  get isEmpty(): boolean {
    return this.longest === 0
  }

  #add(bytes: Uint8Array, isToken: boolean): void {
    this.#hasTokens ||= isToken
    for (const byte of bytes) this.legible[byte] = 1
    const four = ((bytes[0] as number) << 24) | ((bytes[1] as number) << 16) | ((bytes[2] as number) << 8) | (bytes[3] as number)
    this.#starts[startSlot(four)] = 1
    this.#byStart.set(four, [...(this.#byStart.get(four) ?? []), bytes])
    let hash = hashOf(bytes)
    for (let end = window; ; end++) {
      this.#windows.set(hash, isToken || this.#windows.get(hash) === true)
      this.#windowFlags[windowSlot(hash)] = 1
      if (end === bytes.length) return
      hash = rolled(hash, bytes[end - window] as number, bytes[end] as number)
    }
  }

  /**
   * Adds to `spans` where needles stand, beginnings of needles that an ellipsis cuts off, and pieces of tokens of 12 bytes or more; in data, such pieces
   * of all needles.
   */
  find(source: Source, spans: Spans): void {
    const { bytes, length, isData } = source
    if (length < window) return
    const starts = this.#starts
    let four = 0
    for (let at = 0; at < length; at++) {
      four = (four << 8) | (bytes[at] as number)
      if (starts[startSlot(four)] === 1 && at >= 3) this.#verify(source, at - 3, four, spans)
    }
    if (isData || this.#hasTokens) this.#findPieces(source, spans)
  }

  #findPieces({ bytes, length, isData }: Source, spans: Spans): void {
    let hash = hashOf(bytes)
    let windows = 0
    for (let end = window; ; end++) {
      const ofToken = this.#windowFlags[windowSlot(hash)] === 1 ? this.#windows.get(hash) : undefined
      windows = ofToken === true || (ofToken !== undefined && isData) ? windows + 1 : 0
      if (windows >= windowsOfFragment) spans.push(end - window - windows + 1, end)
      if (end === length) return
      hash = rolled(hash, bytes[end - window] as number, bytes[end] as number)
    }
  }

  /** Whether any 8 bytes of a needle are in `bytes`. */
  touches(bytes: Uint8Array): boolean {
    if (bytes.length < window) return false
    let hash = hashOf(bytes)
    for (let end = window; ; end++) {
      if (this.#windows.has(hash)) return true
      if (end === bytes.length) return false
      hash = rolled(hash, bytes[end - window] as number, bytes[end] as number)
    }
  }

  #verify(source: Source, at: number, four: number, spans: Spans): void {
    const { bytes, length } = source
    for (const needle of this.#byStart.get(four) ?? []) {
      let same = 4
      while (same < needle.length && at + same < length && needle[same] === bytes[at + same]) same++
      if (same === needle.length || (same >= shortestBeginning && isCutOff(source, at + same))) spans.push(at, at + same)
    }
  }
}

/** Whether a needle is so random that no piece of it is a word: where letters, digits and capitals take turns, as in keys that a program made. */
function isToken(needle: string): boolean {
  if (needle.length < 16 || !/^[\w+/=.~-]+$/.test(needle)) return false
  const turns = needle.match(/[a-z](?=[A-Z0-9])|[A-Z](?=[a-z0-9])|[0-9](?=[A-Za-z])/g) ?? []
  return turns.length >= needle.length / 5
}

function startSlot(four: number): number {
  return Math.imul(four, 0x9e3779b1) >>> 20
}

function windowSlot(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 16
}

function rolled(hash: number, gone: number, come: number): number {
  return (Math.imul(hash - Math.imul(gone, leaving), base) + come) | 0
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0
  for (let at = 0; at < window; at++) hash = (Math.imul(hash, base) + (bytes[at] as number)) | 0
  return hash
}

function power(of: number, exponent: number): number {
  let result = 1
  for (let times = 0; times < exponent; times++) result = Math.imul(result, of)
  return result
}

const quotes: ReadonlySet<number | undefined> = new Set(Buffer.from('"\'`\\'))
const dot = 0x2e

/** Whether "..." or "…" is at `at`, after a quote or not. */
function isCutOff({ bytes, length }: Source, at: number): boolean {
  let next = at
  while (next < length && next < at + 4 && quotes.has(bytes[next])) next++
  if (next + 3 > length) return false
  if (bytes[next] === dot) return bytes[next + 1] === dot && bytes[next + 2] === dot
  return bytes[next] === 0xe2 && bytes[next + 1] === 0x80 && bytes[next + 2] === 0xa6
}
