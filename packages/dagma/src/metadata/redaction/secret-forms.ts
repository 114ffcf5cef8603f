/** The forms in which a secret's value may stand in a text, as sources of regular expressions. */

/**
 * Patterns that find `value` plain, URL-encoded by any encoder, escaped in JSON, inspected or HTML text, in hex, and in base64 (url-safe too) at all
 * three alignments. Of a value with several lines, each line is found by itself too, since output is looked at line by line.
 */
export function secretForms(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8')
  const pieces = value
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== value && line.length >= shortestLine)
  return [written(value), ...pieces.map(written), hex(bytes), ...[0, 1, 2].map((shift) => base64(bytes, shift))]
}

const shortestLine = 8

/** The value as text. Letters, digits, "-", "_" and "." stand for themselves everywhere; another character is looked for with its escapes, mixed as they come. */
function written(value: string): string {
  // A run of backslashes is one unit: encoders multiply it, and taking it apart would cost time without bound.
  return value.replace(/\\+|[^A-Za-z0-9_-]/gu, (part, at: number) => {
    if (part.startsWith('\\')) return `(?:\\\\{${part.length},${part.length * 16}}|${percent(part)})`
    return anyForm(part, value[at - 1] === '\\')
  })
}

const named: { readonly [character: string]: string } = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' }
const html: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#(?:39|x27);' }

function anyForm(character: string, afterBackslash: boolean): string {
  if (character === '.') return '\\.'
  const literal = character.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  const forms = [afterBackslash ? literal : `\\\\{0,16}${literal}`, percent(character), unicodeEscape(character)]
  const code = character.charCodeAt(0)
  if (code < 256) forms.push(`\\\\{1,16}x${anyCase(code.toString(16).padStart(2, '0'))}`)
  if (character === ' ') forms.push('\\+', '%(?:25){0,2}2[bB]') // as forms write it
  if (character === '\n') forms.push('\\r\\n')
  const short = named[character]
  if (short !== undefined) forms.push(`\\\\{1,16}${short}`)
  const entity = html[character]
  if (entity !== undefined) forms.push(entity)
  return `(?:${forms.join('|')})`
}

function percent(text: string): string {
  return [...Buffer.from(text, 'utf8')].map((byte) => `%(?:25){0,2}${anyCase(byte.toString(16).padStart(2, '0'))}`).join('')
}

function unicodeEscape(character: string): string {
  return character
    .split('')
    .map((unit) => `\\\\{1,16}u${anyCase(unit.charCodeAt(0).toString(16).padStart(4, '0'))}`)
    .join('')
}

/** Digits with or without something between the bytes, as `Buffer` is inspected. */
function hex(bytes: Buffer): string {
  return [...bytes].map((byte) => anyCase(byte.toString(16).padStart(2, '0'))).join('[ :]?')
}

function anyCase(digits: string): string {
  return digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)
}

/** The part of base64 text that is the same whatever stands before and after `bytes`, when `shift` bytes of a group stand before it. */
function base64(bytes: Buffer, shift: number): string {
  const lead = Math.ceil((shift * 8) / 6)
  const padded = Buffer.concat([Buffer.alloc(shift), bytes])
  const whole = Math.floor((padded.length * 8) / 6)
  return padded.toString('base64').slice(lead, whole).replaceAll('+', '(?:[+-]|%2[bB])').replaceAll('/', '(?:\\\\{0,16}[/_]|%2[fF])')
}
