/** Bytes to search, and those that decoding makes of them. */

/** Bytes to search. */
export interface Source {
  readonly bytes: Uint8Array
  /** How many of them count. */
  readonly length: number
  /** Whether they were written as digits: pieces of a secret in them are not words. */
  readonly isData: boolean
}

/** Bytes that were made of others. Kept and used again, since this is done for each line that is printed. */
export class Decoded implements Source {
  bytes = new Uint8Array(256)
  isData = false
  /** Where each byte begins in what it was made of; one more than there are bytes. */
  at = new Int32Array(257)
  length = 0

  /** Makes room, and empties it. */
  begin(capacity: number, isData: boolean): void {
    this.isData = isData
    if (this.bytes.length < capacity) {
      this.bytes = new Uint8Array(capacity * 2)
      this.at = new Int32Array(capacity * 2 + 1)
    }
    this.length = 0
  }

  add(byte: number, at: number): void {
    this.bytes[this.length] = byte
    this.at[this.length] = at
    this.length++
  }

  /** Adds a character as UTF-8. */
  addCharacter(code: number, at: number): void {
    if (code < 0x80) return this.add(code, at)
    if (code < 0x800) this.add(0xc0 | (code >> 6), at)
    else {
      if (code < 0x10000) this.add(0xe0 | (code >> 12), at)
      else {
        this.add(0xf0 | ((code >> 18) & 7), at)
        this.add(0x80 | ((code >> 12) & 63), at)
      }
      this.add(0x80 | ((code >> 6) & 63), at)
    }
    this.add(0x80 | (code & 63), at)
  }

  /** Returns what one long text has needed. */
  end(): void {
    if (this.bytes.length <= largestKept) return
    this.bytes = new Uint8Array(256)
    this.at = new Int32Array(257)
  }
}

const largestKept = 1 << 20

/** Values of hexadecimal digits by their code; 255 is none. */
export const hexDigits = new Uint8Array(256).fill(255)
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  hexDigits[digit.charCodeAt(0)] = value
  hexDigits[digit.toUpperCase().charCodeAt(0)] = value
}

/** Leaves out white space, commas, quotes and backslashes, of which each way to quote, to list and to break lines puts others in, and the NULs of UTF-16. */
export function bare({ bytes, length, isData }: Source, into: Decoded): void {
  into.begin(length + 1, isData)
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] as number
    if (byte > 32 && byte !== 0x2c && byte !== 0x22 && byte !== 0x27 && byte !== 0x60 && byte !== 0x5c) into.add(byte, at)
  }
  into.at[into.length] = length
}
