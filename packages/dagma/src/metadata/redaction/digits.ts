/** Bytes that a text writes as digits, of base64, base32, hexadecimal or decimal numbers, whatever is between the digits. */
import { type Decoded, hexDigits, type Source } from './decoded.ts'

/** Digits in the order of a text, with their places in it. Kept and used again. */
export class Digits {
  values = new Uint8Array(256)
  places = new Int32Array(256)
  length = 0

  begin(capacity: number): void {
    if (this.values.length < capacity) {
      this.values = new Uint8Array(capacity * 2)
      this.places = new Int32Array(capacity * 2)
    }
    this.length = 0
  }

  add(value: number, place: number): void {
    this.values[this.length] = value
    this.places[this.length] = place
    this.length++
  }

  /** Returns what one long text has needed. */
  end(): void {
    if (this.values.length <= 1 << 20) return
    this.values = new Uint8Array(256)
    this.places = new Int32Array(256)
  }
}

function alphabet(...texts: string[]): Uint8Array {
  const values = new Uint8Array(256).fill(255)
  for (const text of texts) for (const [value, digit] of [...text].entries()) values[digit.charCodeAt(0)] = value
  return values
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const base64Text = `${letters}${letters.toLowerCase()}0123456789`

/** Values of the digits of base64, and of its form for URLs. */
export const base64Digits = alphabet(`${base64Text}+/`, `${base64Text}-_`)
/** Values of the digits of base32, in either case. */
export const base32Digits = alphabet(`${letters}234567`, `${letters.toLowerCase()}234567`)

/** Bytes that are treated as separators between digits of base64, not as digits. */
export type Separators = 'none' | 'alone' | 'plus'

/**
 * The digits of base64. Separators may be "+" and "/" (and "-" and "_") that stand `alone`, as in "abc / def", or each `plus`, as spaces in forms.
 * Gives which of the two there are.
 */
export function collectBase64(
  { bytes, length }: Source,
  into: Digits,
  separators: Separators,
): { readonly alone: boolean; readonly plus: boolean } {
  into.begin(length)
  const { values, places } = into
  let count = 0
  let alone = false
  let plus = false
  for (let at = 0; at < length; at++) {
    const value = base64Digits[bytes[at] as number] as number
    if (value === 255) continue
    if (value >= 62) {
      const isPlus = bytes[at] === 0x2b
      const isAlone = !isBase64(bytes[at - 1]) && (at + 1 === length || !isBase64(bytes[at + 1]))
      plus ||= isPlus
      alone ||= isAlone
      if ((separators === 'plus' && isPlus) || (separators === 'alone' && isAlone)) continue
    }
    values[count] = value
    places[count] = at
    count++
  }
  into.length = count
  return { alone, plus }
}

function isBase64(byte: number | undefined): boolean {
  return byte !== undefined && base64Digits[byte] !== 255
}

/** Runs of digits of base32 that are long enough to hold a secret. */
export function collectBase32({ bytes, length }: Source, into: Digits): void {
  into.begin(length)
  for (let at = 0; at < length; ) {
    let end = at
    while (end < length && base32Digits[bytes[end] as number] !== 255) end++
    if (end - at >= 13) for (let place = at; place < end; place++) into.add(base32Digits[bytes[place] as number] as number, place)
    at = end + 1
  }
}

/**
 * In which of the four ways to group digits of base64 a secret may stand, as bits: where two groups in a row give nothing but `legible` bytes.
 */
export function legibleGroupings({ values, length }: Digits, legible: Uint8Array): number {
  let groupings = 0
  let held = 0
  let before = 0 // for each of the last four digits, whether the group that it ends is legible
  for (let at = 0; at < length; at++) {
    held = ((held << 6) | (values[at] as number)) & 0xffffff
    const isLegible = legible[held >> 16] === 1 && legible[(held >> 8) & 255] === 1 && legible[held & 255] === 1
    if (isLegible && (before & 8) !== 0) groupings |= 1 << ((at + 1) & 3)
    before = ((before << 1) & 15) | (isLegible ? 1 : 0)
  }
  return groupings
}

interface Joining {
  readonly bits: number
  readonly from: number
  /** By byte, 1 where it is legible. */
  readonly legible: Uint8Array
}

/**
 * Joins digits of `bits` bits to bytes, from the digit `from` on. NULs are left out, so that UTF-16 reads as UTF-8 where it is ASCII. Gives the longest
 * run of bytes that are legible: printable, or in a secret.
 */
export function join({ values, length }: Digits, { bits, from, legible }: Joining, into: Decoded): number {
  into.begin(Math.ceil((length * bits) / 8) + 1, true)
  const { bytes, at: places } = into
  let made = 0
  let held = 0
  let count = 0
  let run = 0
  let longest = 0
  for (let at = from; at < length; at++) {
    held = ((held << bits) | (values[at] as number)) & 0xffff
    count += bits
    if (count < 8) continue
    count -= 8
    const byte = (held >> count) & 255
    if (byte === 0) continue
    // The first of its digits: those that are held over belong to the next byte.
    bytes[made] = byte
    places[made] = at - Math.ceil((8 + count) / bits) + 1
    made++
    if (legible[byte] === 1) {
      if (++run > longest) longest = run
    } else run = 0
  }
  into.length = made
  return longest
}

/** A run of this length is hexadecimal even if letters stand beside it. */
const surelyHex = 16

/** Hexadecimal digits: of long runs, and of bytes that stand by themselves, as in `<Buffer 73 65>`, `73:65` or `0x73, 0x65`. */
export function collectHex({ bytes, length }: Source, into: Digits): void {
  into.begin(length * 2)
  const { values, places } = into
  let count = 0
  for (let at = 0; at < length; ) {
    if (hexDigits[bytes[at] as number] === 255) {
      at++
      continue
    }
    let end = at + 1
    while (end < length && hexDigits[bytes[end] as number] !== 255) end++
    const before = at === 0 ? 0 : (bytes[at - 1] as number)
    const after = end === length ? 0 : (bytes[end] as number)
    const isPrefix = end - at === 1 && bytes[at] === 0x30 && isX(after)
    const isFree = !isLetter(after) && (isX(before) || !isLetter(before))
    const isBytes = (end - at) % 2 === 0 && !(isLetter(after) && isLetter(before))
    if (!isPrefix && (end - at >= surelyHex || isFree || isBytes)) {
      if (isX(before) && (end - at) % 2 === 1) {
        values[count] = 0
        places[count++] = at
      }
      for (let place = at; place < end; place++) {
        values[count] = hexDigits[bytes[place] as number] as number
        places[count++] = place
      }
    }
    at = end
  }
  into.length = count
}

/** How a text writes bytes as numbers. */
export type Radix = 10 | 8 | 2

/**
 * Bytes and characters that stand as numbers, as in `[115, 101]`: decimal ones, octal or binary. A number before a colon is taken for a key. Gives how many
 * numbers could be binary, and how many octal.
 */
export function numberedBytes({ bytes, length }: Source, radix: Radix, into: Decoded): { readonly binary: number; readonly octal: number } {
  into.begin(length + 4, true)
  const longest = radix === 10 ? 7 : 8
  let binary = 0
  let octal = 0
  for (let at = 0; at < length; ) {
    if (!isDigit(bytes[at])) {
      at++
      continue
    }
    let end = at
    let number = 0
    let largest = 0
    for (; end < length && isDigit(bytes[end]); end++) {
      const digit = (bytes[end] as number) - 48
      if (digit > largest) largest = digit
      number = number * radix + digit
    }
    if (largest < 8) octal++
    if (largest < 2) binary++
    if (end - at <= longest && !isKey(bytes, end, length)) {
      if (radix === 10 && number <= 128 && bytes[at - 1] === 0x2d) number = 256 - number
      if (number > 0 && number < 256) into.add(number, at)
      else if (number >= 256 && number <= 0x10ffff) into.addCharacter(number, at)
    }
    at = end
  }
  into.at[into.length] = length
  return { binary, octal }
}

/** Whether a number that ends at `end` is the name of a member: a colon follows, after quotes or not. */
function isKey(bytes: Uint8Array, end: number, length: number): boolean {
  let next = end
  while (next < length && next < end + 8 && (bytes[next] === 0x22 || bytes[next] === 0x27 || bytes[next] === 0x5c)) next++
  return next < length && bytes[next] === 0x3a
}

/** Where the number ends that has a digit at `at`. */
export function numberEnd(bytes: Uint8Array, at: number, length: number): number {
  let end = at
  while (end < length && isDigit(bytes[end])) end++
  return end
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}

function isX(byte: number): boolean {
  return byte === 0x78 || byte === 0x58
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || byte === 0x5f
}
