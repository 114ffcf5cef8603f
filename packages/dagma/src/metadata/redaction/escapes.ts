/** Ways to write characters as others, taken off a layer at a time. Each writes to a {@link Decoded} where in the source each byte comes from. */
import { type Decoded, hexDigits, type Source } from './decoded.ts'

const codeOf = (character: string): number => character.charCodeAt(0)
const backslash = codeOf('\\')
const percent = codeOf('%')
const ampersand = codeOf('&')
const equals = codeOf('=')
const semicolon = codeOf(';')
const letterU = codeOf('u')
const letterX = codeOf('x')

/** The number that `count` hexadecimal digits at `at` write, or -1. */
function hexNumber({ bytes, length }: Source, at: number, count: number): number {
  if (at + count > length) return -1
  let number = 0
  for (let index = at; index < at + count; index++) {
    const digit = hexDigits[bytes[index] as number] as number
    if (digit === 255) return -1
    number = number * 16 + digit
  }
  return number
}

const short = new Map(Object.entries({ n: 10, r: 13, t: 9, b: 8, f: 12, v: 11, a: 7, e: 27 }).map(([name, code]) => [codeOf(name), code]))

/** Takes one layer of escapes with a backslash, a percent sign or an ampersand off. */
export function unescapeText(source: Source, into: Decoded): void {
  const { bytes, length, isData } = source
  into.begin(length + 8, isData)
  for (let at = 0; at < length; ) {
    const byte = bytes[at] as number
    const taken =
      byte === backslash
        ? unescapeBackslash(source, at, into)
        : byte === percent
          ? unescapePercent(source, at, into)
          : byte === ampersand
            ? unescapeEntity(source, at, into)
            : 0
    if (taken === 0) into.add(byte, at)
    at += taken || 1
  }
  into.at[into.length] = length
}

function unescapeBackslash(source: Source, at: number, into: Decoded): number {
  if (at + 1 >= source.length) return 0
  const next = source.bytes[at + 1] as number
  const code = short.get(next)
  if (code !== undefined) {
    into.add(code, at)
    return 2
  }
  if (next === 10) return 2 // a line that continues
  if (next === letterX) return unescapeByte(source, at, into)
  if (next === letterU) return unescapeUnicode(source, at, into)
  if (next === codeOf('U')) {
    const character = hexNumber(source, at + 2, 8)
    if (character < 0 || character > 0x10ffff) return 0
    into.addCharacter(character, at)
    return 10
  }
  const octal = octalNumber(source, at + 1)
  if (octal.digits === 0) into.add(next, at)
  else into.add(octal.number & 255, at)
  return 1 + (octal.digits || 1)
}

function octalNumber({ bytes, length }: Source, at: number): { number: number; digits: number } {
  let number = 0
  let digits = 0
  while (digits < 3 && at + digits < length) {
    const digit = (bytes[at + digits] as number) - 48
    if (digit < 0 || digit > 7) break
    number = number * 8 + digit
    digits++
  }
  return { number, digits }
}

/** `\xC3\xA9` is two bytes, as Python and shells write them; `\xE9` alone is the character of that number, as JavaScript writes it. */
function unescapeByte(source: Source, at: number, into: Decoded): number {
  const byte = hexNumber(source, at + 2, 2)
  if (byte < 0) return 0
  const other = byte >= 0xc0 ? at + 4 : at - 4
  const isPart =
    byte >= 0x80 && source.bytes[other] === backslash && source.bytes[other + 1] === letterX && hexNumber(source, other + 2, 2) >= 0x80
  if (isPart) into.add(byte, at)
  else into.addCharacter(byte, at)
  return 4
}

function unescapeUnicode(source: Source, at: number, into: Decoded): number {
  const { bytes, length } = source
  if (bytes[at + 2] !== codeOf('{')) return unescapeUnit(source, at, into)
  let end = at + 3
  while (end < length && end < at + 9 && hexDigits[bytes[end] as number] !== 255) end++
  const character = hexNumber(source, at + 3, end - at - 3)
  if (end === at + 3 || bytes[end] !== codeOf('}') || character > 0x10ffff) return 0
  into.addCharacter(character, at)
  return end + 1 - at
}

/** Takes `\u0041` and `%u0041`, with the second half of a surrogate pair that may follow. */
function unescapeUnit(source: Source, at: number, into: Decoded): number {
  const unit = hexNumber(source, at + 2, 4)
  if (unit < 0) return 0
  const second = (unit & 0xfc00) === 0xd800 ? hexNumber(source, at + 8, 4) : -1
  if (second >= 0 && (second & 0xfc00) === 0xdc00) {
    into.addCharacter(0x10000 + ((unit & 0x3ff) << 10) + (second & 0x3ff), at)
    return 12
  }
  into.addCharacter(unit, at)
  return 6
}

/** Takes `%2F`, and `%252F` and so on at once, as a URL within a URL has it. */
function unescapePercent(source: Source, at: number, into: Decoded): number {
  if (source.bytes[at + 1] === letterU) return unescapeUnit(source, at, into)
  let digits = at + 1
  let byte = hexNumber(source, digits, 2)
  while (byte === percent && hexNumber(source, digits + 2, 2) >= 0) {
    digits += 2
    byte = hexNumber(source, digits, 2)
  }
  if (byte < 0) return 0
  into.add(byte, at)
  return digits + 2 - at
}

/** Entities of characters that have names in HTML; letters and digits have none. */
const entities = new Map<string, number>(
  Object.entries({
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    nbsp: ' ',
    Tab: '\t',
    NewLine: '\n',
    excl: '!',
    num: '#',
    dollar: '$',
    percnt: '%',
    lpar: '(',
    rpar: ')',
    ast: '*',
    plus: '+',
    comma: ',',
    period: '.',
    sol: '/',
    colon: ':',
    semi: ';',
    equals: '=',
    quest: '?',
    commat: '@',
    lsqb: '[',
    lbrack: '[',
    bsol: '\\',
    rsqb: ']',
    rbrack: ']',
    Hat: '^',
    lowbar: '_',
    grave: '`',
    lcub: '{',
    lbrace: '{',
    verbar: '|',
    vert: '|',
    rcub: '}',
    rbrace: '}',
  }).map(([name, character]) => [name, codeOf(character)]),
)
const longestEntity = 10

function unescapeEntity({ bytes, length }: Source, at: number, into: Decoded): number {
  let end = at + 1
  while (end < length && end <= at + longestEntity && bytes[end] !== semicolon) end++
  if (end >= length || bytes[end] !== semicolon) return 0
  const name = String.fromCharCode(...bytes.subarray(at + 1, end))
  const number = /^#\d+$/.test(name)
    ? Number(name.slice(1))
    : /^#x[0-9a-f]+$/i.test(name)
      ? Number.parseInt(name.slice(2), 16)
      : entities.get(name)
  if (number === undefined || number > 0x10ffff) return 0
  into.addCharacter(number, at)
  return end + 1 - at
}

/**
 * Whether a text is quoted-printable, and not only one with equals signs: it writes what must be written so, white space, "=" or what is not ASCII, or
 * two bytes in a row, or a line continues in the next.
 */
export function isQuotedPrintable(source: Source): boolean {
  const { bytes, length } = source
  for (let at = 0; at + 1 < length; at++) {
    if (bytes[at] !== equals) continue
    const next = bytes[at + 1]
    if (next === 10 || next === 13) return true
    const byte = quotedByte(source, at)
    if (byte < 0) continue
    if (byte === equals || byte === 9 || byte === 10 || byte === 13 || byte === 32 || byte >= 127) return true
    if (bytes[at + 3] === equals && quotedByte(source, at + 3) >= 0) return true
  }
  return false
}

/** The byte that `=C3` writes at `at`, or -1. Its digits are capitals: small letters after an equals sign are the beginning of a word. */
function quotedByte(source: Source, at: number): number {
  const { bytes } = source
  return (bytes[at + 1] as number) >= 0x61 || (bytes[at + 2] as number) >= 0x61 ? -1 : hexNumber(source, at + 1, 2)
}

/** Takes quoted-printable off: bytes as `=C3`, and `=` at the end of a line that continues. */
export function unquotePrintable(source: Source, into: Decoded): void {
  const { bytes, length, isData } = source
  into.begin(length + 1, isData)
  for (let at = 0; at < length; ) {
    if (bytes[at] !== equals) {
      into.add(bytes[at] as number, at++)
      continue
    }
    const byte = quotedByte(source, at)
    const lineEnd = bytes[at + 1] === 10 ? 2 : bytes[at + 1] === 13 && bytes[at + 2] === 10 ? 3 : 0
    if (lineEnd === 0) into.add(byte >= 0 ? byte : equals, at)
    at += lineEnd || (byte >= 0 ? 3 : 1)
  }
  into.at[into.length] = length
}
