import { secretValues } from './secret.ts'

const printed = '[redacted]'

/** What is secret by its shape, whoever made it. */
const shapes: readonly RegExp[] = [
  /(?<=:\/\/)[^\s/?#@"'<>\\]+(?=@)/g, // user info in a URL
  /(?<=\bBearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi,
  /(?<=\bBasic\s+)[A-Za-z0-9+/=]{8,}/gi,
  /(?<=[?&](?:api[-_]?key|key|access[-_]?token|token|password|secret|signature|sig)=)[^&\s"'<>\\]+/gi,
  /\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}/g, // OpenAI, LangFlow, Stripe style
  /\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bhf_[A-Za-z0-9]{20,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, // JSON web token
]

let compiled: { values: string; needles: RegExp | undefined } = { values: '', needles: undefined }

/**
 * `text` without any declared secret's value (plain, URL-encoded, JSON-escaped, base64 at all three alignments, hex), user info in
 * URLs, bearer and basic credentials, and well-known shapes of keys. Each is replaced by `[redacted]`.
 */
export function redact(text: string): string {
  const known = knownSecrets()
  let result = known ? text.replace(known, printed) : text
  for (const shape of shapes) result = result.replace(shape, printed)
  return result
}

/** {@link redact} applied to every string in a JSON-like value, keys included. */
export function redactValue(value: unknown): unknown {
  if (typeof value === 'string') return redact(value)
  if (Array.isArray(value)) return value.map(redactValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [redact(key), redactValue(item)]))
}

function knownSecrets(): RegExp | undefined {
  const values = secretValues()
  const joined = values.join('\0')
  if (joined !== compiled.values) {
    const needles = [...new Set(values.flatMap(encodings))].sort((a, b) => b.length - a.length)
    compiled = { values: joined, needles: needles.length > 0 ? new RegExp(needles.map(escaped).join('|'), 'g') : undefined }
  }
  return compiled.needles
}

function escaped(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** Every form in which a secret's value is looked for. */
export function encodings(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8')
  const json = JSON.stringify(value).slice(1, -1)
  const url = encodeURIComponent(value)
  const hex = bytes.toString('hex')
  return [
    value,
    url,
    url.replaceAll('%20', '+'),
    url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    json,
    JSON.stringify(json).slice(1, -1), // JSON within JSON
    hex,
    hex.toUpperCase(),
    ...[0, 1, 2].flatMap((shift) => base64At(bytes, shift)),
  ]
}

/** The part of base64 text that is the same whatever stands before and after `bytes`, when `shift` bytes of a group stand before it. */
function base64At(bytes: Buffer, shift: number): string[] {
  const lead = Math.ceil((shift * 8) / 6)
  const padded = Buffer.concat([Buffer.alloc(shift), bytes])
  const whole = Math.floor((padded.length * 8) / 6)
  const text = padded.toString('base64').slice(lead, whole)
  return [text, text.replaceAll('+', '-').replaceAll('/', '_')]
}
