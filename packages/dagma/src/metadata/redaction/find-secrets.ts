import { bare, Decoded, hexDigits, type Source } from './decoded.ts'
import {
  base32Digits,
  base64Digits,
  collectBase32,
  collectBase64,
  collectHex,
  Digits,
  join,
  legibleGroupings,
  numberEnd,
  numberedBytes,
  type Radix,
  type Separators,
} from './digits.ts'
import { isQuotedPrintable, unescapeText, unquotePrintable } from './escapes.ts'
import { shortestSecret } from './mark.ts'
import type { Needles, Spans } from './needles.ts'

/**
 * How many encodings are taken off, one after the other: a secret in two of them, in the JSON of a log line that is in JSON. Each way to decode
 * gives at most a few times what it decodes, so the work is bounded by the length of the text.
 */
const deepest = 4

/** Where one layer of decoding works. Layers are kept: a search makes nothing new unless it finds something. */
class Layer {
  readonly decoded = new Decoded()
  readonly digits = new Digits()
  readonly found: Spans = []
}

const layers: readonly Layer[] = Array.from({ length: deepest }, () => new Layer())

/** Bytes that are searched together: decoding needs several times as much memory. */
const mostAtOnce = 1 << 18

/** How many times the length of a secret an encoding of it may have. */
const longestEncoding = 16

/** Bytes within which any encoding of a needle, with what stands around it, lies whole. */
export const reachOf = (needles: Needles): number => longestEncoding * (needles.longest + 256)

/** Where in `source` a needle stands, as it is or in encodings of any kind and order: starts and ends, in no order. */
export function findSecrets(needles: Needles, source: Source): Spans {
  const spans: Spans = []
  const overlap = reachOf(needles)
  const size = Math.max(mostAtOnce, 4 * overlap)
  for (let at = 0; ; at += size - overlap) {
    const length = Math.min(size, source.length - at)
    const part = length === source.length ? source : { ...source, bytes: source.bytes.subarray(at, at + length), length }
    const found: Spans = []
    needles.find(part, found)
    new Search(needles).within(part, 0, found)
    for (const position of found) spans.push(position + at)
    if (at + length === source.length) break
  }
  for (const { decoded, digits } of layers) {
    decoded.end()
    digits.end()
  }
  return spans
}

/** Fewer bytes than this do not write a secret's 8 in any encoding. */
const shortest = 11

const control = 1
const escapes = 2
const equalsSigns = 4
const base64Digit = 8
const base32Digit = 16
const decimalDigit = 32
const ampersands = 64
const semicolons = 128
const quotes = 256
const separator = 512
/** The escapes that can be removed at a byte. */
const signs = new Uint16Array(256)
for (let byte = 0; byte < 32; byte++) signs[byte] = control
for (let byte = 0; byte < 256; byte++) {
  const isDecimal = byte >= 48 && byte < 58 ? decimalDigit : 0
  if (base64Digits[byte] !== 255) signs[byte] = base64Digit | (base32Digits[byte] === 255 ? 0 : base32Digit) | isDecimal
}
for (const [character, sign] of Object.entries({
  '\\': escapes | quotes,
  '%': escapes,
  '=': equalsSigns,
  '&': ampersands,
  ';': semicolons,
  '"': quotes | separator,
  "'": quotes | separator,
  '`': quotes,
  ' ': separator,
  ',': separator,
}))
  signs[character.charCodeAt(0)] = sign

class Search {
  readonly #needles: Needles

  constructor(needles: Needles) {
    this.#needles = needles
  }

  /** Adds what is found in `source` with one encoding or more taken off. */
  within(source: Source, depth: number, spans: Spans): void {
    const layer = layers[depth]
    if (layer === undefined || source.length < shortest) return
    const { decoded, found } = layer
    const survey = surveyed(source)
    const isQuoted = (survey.seen & quotes) !== 0 && !this.#needles.areBare
    if ((survey.seen & control) !== 0 || isQuoted || survey.alone >= 6) {
      bare(source, decoded)
      this.#look(layer, deepest)
      for (let index = 0; index < found.length; index += 2)
        spans.push(decoded.at[found[index] as number] as number, (decoded.at[(found[index + 1] as number) - 1] as number) + 1)
    }
    const hasEntities = (survey.seen & ampersands) !== 0 && (survey.seen & semicolons) !== 0
    if ((survey.seen & escapes) !== 0 || hasEntities) this.#takeOff(unescapeText, source, depth, spans)
    if ((survey.seen & equalsSigns) !== 0 && isQuotedPrintable(source)) this.#takeOff(unquotePrintable, source, depth, spans)
    if (survey.base64 >= shortest) this.#base64(source, depth, spans)
    if (survey.numbers >= shortestSecret) {
      const { octal, binary } = this.#numbers(source, 10, depth, spans)
      if (octal >= shortestSecret && survey.digits >= 24) this.#numbers(source, 8, depth, spans)
      if (binary >= shortestSecret && survey.digits >= 24) this.#numbers(source, 2, depth, spans)
    }
    if (survey.longestBase32 >= 13) {
      collectBase32(source, layer.digits)
      for (let from = 0; from < 8; from++) this.#joined(source, depth, { ...base32, from }, spans)
    }
    collectHex(source, layer.digits)
    if (layer.digits.length >= 16) for (let from = 0; from < 2; from++) this.#joined(source, depth, { ...hex, from }, spans)
  }

  /** Searches the decoded pieces of `layer`, and decodes them further. */
  #look({ decoded, found }: Layer, depth: number): void {
    found.length = 0
    this.#needles.find(decoded, found)
    this.within(decoded, depth, found)
  }

  #takeOff(decode: typeof unescapeText, source: Source, depth: number, spans: Spans): void {
    const layer = layers[depth] as Layer
    const { decoded, found } = layer
    decode(source, decoded)
    if (decoded.length === source.length) return // it took nothing off
    this.#look(layer, depth + 1)
    for (let index = 0; index < found.length; index += 2)
      spans.push(decoded.at[found[index] as number] as number, decoded.at[found[index + 1] as number] as number)
  }

  #base64(source: Source, depth: number, spans: Spans): void {
    const { digits } = layers[depth] as Layer
    const collected = (separators: Separators): ReturnType<typeof collectBase64> => {
      const there = collectBase64(source, digits, separators)
      const groupings = legibleGroupings(digits, this.#needles.legible)
      for (let from = 0; from < 4; from++) if ((groupings & (1 << from)) !== 0) this.#joined(source, depth, { ...base64, from }, spans)
      return there
    }
    const there = collected('none')
    if (there.alone) collected('alone')
    if (there.plus) collected('plus')
  }

  #numbers(source: Source, radix: Radix, depth: number, spans: Spans): ReturnType<typeof numberedBytes> {
    const layer = layers[depth] as Layer
    const { decoded, found } = layer
    const counts = numberedBytes(source, radix, decoded)
    this.#look(layer, depth + 1)
    for (let index = 0; index < found.length; index += 2) {
      const last = decoded.at[(found[index + 1] as number) - 1] as number
      spans.push(decoded.at[found[index] as number] as number, numberEnd(source.bytes, last, source.length))
    }
    return counts
  }

  /** Digits that were collected, joined to bytes. What is found goes with the whole run of digits that it is in. */
  #joined(source: Source, depth: number, { bits, alphabet, reach, from }: Writing & { readonly from: number }, spans: Spans): void {
    const layer = layers[depth] as Layer
    const { decoded, digits, found } = layer
    const legible = join(digits, { bits, from, legible: this.#needles.legible }, decoded)
    if (legible < shortestSecret) return
    this.#look(layer, legible >= shortest ? depth + 1 : deepest)
    // A position within the run that was found last needs no search: a long run is not measured again for each of its pieces.
    let foundStart = 0
    let foundEnd = 0
    for (let index = 0; index < found.length; index += 2) {
      const first = decoded.at[found[index] as number] as number
      const last = Math.min((decoded.at[(found[index + 1] as number) - 1] as number) + reach, digits.length - 1)
      let start = digits.places[first] as number
      let end = (digits.places[last] as number) + 1
      if (start >= foundStart && end <= foundEnd) continue
      while (start > 0 && alphabet[source.bytes[start - 1] as number] !== 255) start--
      while (end < source.length && alphabet[source.bytes[end] as number] !== 255) end++
      spans.push(start, end)
      foundStart = start
      foundEnd = end
    }
  }
}

/** How digits write bytes. */
interface Writing {
  readonly bits: number
  readonly alphabet: Uint8Array
  /** How many digits after its first a byte may reach. */
  readonly reach: number
}

const base64: Writing = { bits: 6, alphabet: base64Digits, reach: 1 }
const hex: Writing = { bits: 4, alphabet: hexDigits, reach: 1 }
const base32: Writing = { bits: 5, alphabet: base32Digits, reach: 2 }

/** The classes of bytes in a text, from which the possible encodings follow. */
interface Survey {
  /** Signs of all bytes; the last one may be the end of a line. */
  readonly seen: number
  readonly base64: number
  readonly longestBase32: number
  /** Runs of decimal digits, and the digits in them. */
  readonly numbers: number
  readonly digits: number
  /** Characters with a space, a comma or a quote on either side, as those of a text that was taken apart. */
  readonly alone: number
}

function surveyed({ bytes, length }: Source): Survey {
  let seen = 0
  let base64 = 0
  let run = 0
  let longestBase32 = 0
  let numbers = 0
  let digits = 0
  let alone = 0
  let before = 0
  let secondBefore = 0
  for (let at = 0; at < length; at++) {
    const sign = signs[bytes[at] as number] as number
    if (sign !== control || at < length - 1) seen |= sign
    base64 += (sign & base64Digit) >> 3
    run = (sign & base32Digit) === 0 ? 0 : run + 1
    if (run > longestBase32) longestBase32 = run
    numbers += (sign & ~before & decimalDigit) >> 5
    digits += (sign & decimalDigit) >> 5
    alone += (sign & ~before & secondBefore & separator) >> 9
    secondBefore = before
    before = sign
  }
  return { seen, base64, longestBase32, numbers, digits, alone }
}
