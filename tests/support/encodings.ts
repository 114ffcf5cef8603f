/** Ways in which a secret may be written by mistake, each a function of the text that holds it; written apart from what the product knows of them. */
import { inspect } from 'node:util'

/** Writes a text. */
export type Encoding = (text: string) => string

const bytes = (text: string): number[] => [...Buffer.from(text, 'utf8')]
const hexOf = (byte: number): string => byte.toString(16).padStart(2, '0')
const each = (text: string, write: (character: string) => string): string => [...text].map(write).join('')
const units = (text: string, write: (unit: string) => string): string => text.split('').map(write).join('')
const lines = (text: string, width: number, between: string): string => (text.match(new RegExp(`.{1,${width}}`, 'gs')) ?? []).join(between)
const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64')
const escapedUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
const html: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function base32(text: string): string {
  const bits = bytes(text)
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
  return (bits.match(/.{1,5}/g) ?? []).map((digit) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(digit.padEnd(5, '0'), 2)]).join('')
}

function quotedPrintable(text: string): string {
  return lines(
    bytes(text)
      .map((byte) => (byte > 32 && byte < 127 && byte !== 61 ? String.fromCharCode(byte) : `=${hexOf(byte).toUpperCase()}`))
      .join(''),
    72,
    '=\r\n',
  )
}

/** All of them, by what they are called. */
export const encodings: Readonly<Record<string, Encoding>> = {
  plain: (text) => text,
  JSON: (text) => JSON.stringify(text),
  'JSON member': (text) => JSON.stringify({ a: { b: [text] } }),
  'JSON, pretty-printed': (text) => JSON.stringify({ a: { b: [text] } }, null, 2),
  'JSON in JSON': (text) => JSON.stringify(JSON.stringify({ text })),
  'JSON in ASCII': (text) => units(JSON.stringify(text), (unit) => (unit > '~' ? escapedUnit(unit) : unit)),
  'JSON for HTML': (text) => JSON.stringify(text).replace(/[<>&]/g, escapedUnit),
  'JSON with escaped slashes': (text) => JSON.stringify(text).replaceAll('/', '\\/'),
  'escaped code units': (text) => units(text, escapedUnit),
  'escaped code units in capitals': (text) => units(text, (unit) => `\\u${escapedUnit(unit).slice(2).toUpperCase()}`),
  'escaped code points': (text) => each(text, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`),
  'eight-digit escapes': (text) => each(text, (character) => `\\U${character.codePointAt(0)?.toString(16).padStart(8, '0')}`),
  'escaped bytes': (text) =>
    bytes(text)
      .map((byte) => `\\x${hexOf(byte)}`)
      .join(''),
  'octal escapes': (text) =>
    bytes(text)
      .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
      .join(''),
  'a JavaScript literal': (text) => inspect(text, { breakLength: Number.POSITIVE_INFINITY }),
  'inspected deep': (text) => inspect({ a: { b: [text] } }, { depth: 5, breakLength: Number.POSITIVE_INFINITY }),
  'inspected in a map': (text) => inspect(new Map([[text, new Set([text])]])),
  'URL component': encodeURIComponent,
  'URL component in small letters': (text) => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase()),
  'URL component twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'URL component thrice': (text) => encodeURIComponent(encodeURIComponent(encodeURIComponent(text))),
  URL: encodeURI,
  'a form': (text) => new URLSearchParams({ a: text }).toString(),
  'a form in a URL': (text) => `https://example.com/?next=${encodeURIComponent(new URLSearchParams({ a: text }).toString())}`,
  'percent signs for all': (text) =>
    bytes(text)
      .map((byte) => `%${hexOf(byte)}`)
      .join(''),
  'percent signs with u': (text) => units(text, (unit) => `%u${escapedUnit(unit).slice(2)}`),
  'HTML text': (text) => text.replace(/[&<>"']/g, (character) => html[character] ?? character),
  'HTML in HTML': (text) => [1, 2].reduce((inner) => inner.replace(/[&<>"']/g, (character) => html[character] ?? character), text),
  'decimal entities': (text) => each(text, (character) => `&#${character.codePointAt(0)};`),
  'hexadecimal entities': (text) => each(text, (character) => `&#x${character.codePointAt(0)?.toString(16)};`),
  'quoted-printable': quotedPrintable,
  'quoted-printable for all': (text) =>
    bytes(text)
      .map((byte) => `=${hexOf(byte).toUpperCase()}`)
      .join(''),
  'CSV with doubled quotes': (text) => `"${text.replaceAll('"', '""')}"`,
  'SQL with doubled quotes': (text) => `'${text.replaceAll("'", "''")}'`,
  'a word of a shell': (text) => `'${text.replaceAll("'", "'\\''")}'`,
  'a regular expression': (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'),
  base64,
  'base64 after a byte': (text) => base64(`x${text}y`),
  'base64 after two bytes': (text) => base64(`xx${text}yy`),
  'base64 without padding': (text) => base64(text).replace(/=+$/, ''),
  'base64 for URLs': (text) => Buffer.from(`ab${text}`).toString('base64url'),
  'base64 in a URL': (text) => encodeURIComponent(base64(text)),
  'base64 in lines of 76': (text) => lines(base64(text), 76, '\r\n'),
  'base64 in lines of 64': (text) => lines(base64(text), 64, '\n'),
  'base64 in lines of 20': (text) => lines(base64(text), 20, '\n  '),
  'base64 in lines of 7': (text) => lines(base64(text), 7, '\r\n'),
  'base64 in lines of 3': (text) => lines(base64(text), 3, '\n'),
  'base64 in lines, in a JSON list': (text) => JSON.stringify(base64(text).match(/.{1,19}/g)),
  'base64 in lines, with escaped ends': (text) => JSON.stringify(lines(base64(text), 30, '\n')),
  'base64 in base64': (text) => base64(base64(`${text}!`)),
  'base64 of JSON': (text) => base64(JSON.stringify({ user: 'ann', key: text })),
  'base64 of user and password': (text) => `Basic ${base64(`ann:${text}`)}`,
  'base64 of UTF-16': (text) => Buffer.from(text, 'utf16le').toString('base64'),
  'data URL': (text) => `data:text/plain;base64,${base64(text)}`,
  base32,
  'base32 in small letters': (text) => base32(text).toLowerCase(),
  hexadecimal: (text) => Buffer.from(text).toString('hex'),
  'hexadecimal in capitals': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  'hexadecimal with colons': (text) => bytes(text).map(hexOf).join(':'),
  'hexadecimal with spaces': (text) => bytes(text).map(hexOf).join(' '),
  'hexadecimal in lines': (text) => lines(Buffer.from(text).toString('hex'), 32, '\n'),
  'hexadecimal of UTF-16': (text) => Buffer.from(text, 'utf16le').toString('hex'),
  'bytes with 0x': (text) =>
    bytes(text)
      .map((byte) => `0x${byte.toString(16)}`)
      .join(', '),
  'decimal bytes': (text) => bytes(text).join(', '),
  'decimal bytes in JSON': (text) => JSON.stringify(bytes(text)),
  'a buffer in JSON': (text) => JSON.stringify(Buffer.from(text)),
  'an array of bytes in JSON': (text) => JSON.stringify(new Uint8Array(bytes(text))),
  'an array of bytes, inspected': (text) => inspect(new Uint8Array(bytes(text))),
  'a buffer, inspected': (text) => inspect(Buffer.from(text)),
  'signed bytes': (text) => [...new Int8Array(bytes(text))].join(','),
  'binary bytes': (text) =>
    bytes(text)
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join(' '),
  'octal bytes': (text) =>
    bytes(text)
      .map((byte) => byte.toString(8).padStart(3, '0'))
      .join(' '),
  'a list of characters': (text) => JSON.stringify([...text]),
  'spaced characters': (text) => [...text].join(' '),
  'lines of a text': (text) => text.split('\n').join('\r\n    '),
}

/** Long enough not to be there by chance. */
const pieceLength = 16

/** Characters that escapes and line breaks put between those of a text. */
const bare = (text: string): string => text.replace(/[\\"'\s]/g, '')

/** Pieces of what each encoding writes for a secret, and not for just any text of its length. */
export function pieces(secret: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, encode] of Object.entries(encodings)) {
    const ofAny = new Set(['~', 'x', '"'].flatMap((character) => windows(bare(encode(character.repeat(secret.length))))))
    for (const piece of windows(bare(encode(secret)))) if (!ofAny.has(piece)) found.set(piece, name)
  }
  return found
}

/** The names of encodings of which a piece is in a text, each with the text around it. */
export function piecesIn(text: string, known: ReadonlyMap<string, string>): string[] {
  const haystack = bare(text)
  const found: string[] = []
  for (let at = 0; at + pieceLength <= haystack.length; at++) {
    const name = known.get(haystack.slice(at, at + pieceLength))
    if (name === undefined) continue
    found.push(`${name}: ${haystack.slice(Math.max(0, at - 60), at + 60)}`)
    at += pieceLength
  }
  return found
}

function windows(text: string): string[] {
  return Array.from({ length: Math.max(0, text.length - pieceLength + 1) }, (_, at) => text.slice(at, at + pieceLength))
}
