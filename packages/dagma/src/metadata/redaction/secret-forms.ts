/** The texts to find for a secret: its value, the parts of it that are secrets themselves, and the decoded forms of both. */
import { bare, Decoded } from './decoded.ts'
import { unescapeText, unquotePrintable } from './escapes.ts'
import { innerSecrets } from './inner-secrets.ts'
import { shortestSecret } from './mark.ts'

/** The texts to find for a secret's value, as bytes: one character each. */
export function secretForms(value: string): Set<string> {
  const forms = new Set<string>()
  for (const text of new Set([value, ...innerSecrets(value)])) {
    for (const form of formsOf(Buffer.from(text, 'utf8').toString('latin1'))) forms.add(form)
    for (const form of inUtf16(text)) forms.add(form)
  }
  return forms
}

function* formsOf(value: string): Iterable<string> {
  for (const text of unescaped(value)) {
    // Without the line end, which ends a line of the output as well.
    const trimmed = text.replace(/^[\0- ]+|[\0- ]+$/g, '')
    const form = trimmed.length >= shortestSecret ? trimmed : text
    const inForms = form.replaceAll(' ', '+')
    for (const written of [form, inForms]) {
      yield written
      yield decodedBy(bare, written)
    }
  }
}

/** Without NULs, which decoding leaves out. Where a text is ASCII, that is the text itself. */
function inUtf16(text: string): string[] {
  if (Buffer.byteLength(text) === text.length) return []
  const bytes = Buffer.from(text, 'utf16le')
  return [bytes.toString('latin1'), Buffer.from(bytes).swap16().toString('latin1')].map((form) => form.replaceAll('\0', ''))
}

/** How often escapes in a value itself may be taken off with those of the text that it is in. */
const layers = 3

/** `value` as it is, and with one layer of escapes of its own after the other taken off. What begins an escape at its end may take in what follows it. */
function unescaped(value: string): Set<string> {
  const texts = new Set([value, value.replace(/(?:\\+|%[0-9a-f]?|&[#\w]{0,8})$/i, ''), decodedBy(unquotePrintable, value)])
  let text = value
  for (let layer = 0; layer < layers; layer++) {
    text = decodedBy(unescapeText, text)
    texts.add(text)
  }
  return texts
}

function decodedBy(decode: typeof unescapeText, text: string): string {
  const bytes = Buffer.from(text, 'latin1')
  const decoded = new Decoded()
  decode({ bytes, length: bytes.length, isData: false }, decoded)
  return Buffer.from(decoded.bytes.subarray(0, decoded.length)).toString('latin1')
}
