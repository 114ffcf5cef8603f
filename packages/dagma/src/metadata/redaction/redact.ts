import { redacted, secretValues } from './secret.ts'
import { secretForms } from './secret-forms.ts'

/** No shape fits into less, and a secret has at least 8 characters. */
const shortestFind = 5

/** What is secret by its shape, whoever made it. */
const shapes: readonly RegExp[] = [
  /(?<=:\/\/)[^\s/?#"'<>\\]+(?=@)/g, // user info in a URL, up to the last "@"
  /(?<=\bBearer\s{1,16})[A-Za-z0-9._~+/=-]{8,}/gi,
  /(?<=[?&](?:api[-_]?key|key|access[-_]?token|token|password|secret|signature|sig)=)[^&\s"'<>\\]+/gi,
  /\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}/g, // OpenAI, LangFlow, Anthropic
  /\b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9]{16,}/g, // Stripe
  /\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bnpm_[A-Za-z0-9]{36}\b/g,
  /\bhf_[A-Za-z0-9]{20,}/g,
  /\bdapi[0-9a-f]{32}\b/g, // Databricks
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, // JSON web token
  /(?<=-----BEGIN [A-Z ]{0,24}PRIVATE KEY-----)[^-]+/g,
]

/** A text without any of these has none of the shapes, nor basic credentials: most texts need to be looked at only once. */
const hints =
  /:\/\/|bearer|basic|[?&][a-z_-]+=|[spr]k[-_]|whsec_|gh[pousr]_|github_pat_|glpat-|npm_|hf_|dapi|xox|akia|asia|aiza|eyj|-----begin/i

/** Basic credentials are told from the English word by what they decode to. */
const basic = /(?<=\bBasic\s{1,16})[A-Za-z0-9+/_-]{4,}={0,2}/gi

let compiled: { values: string; needles: RegExp | undefined } = { values: '', needles: undefined }

/**
 * `text` without any declared secret's value (plain, URL-encoded, escaped, base64 at all three alignments, hex), user info in
 * URLs, bearer and basic credentials, and well-known shapes of keys. Each is replaced by `[redacted]`. Half a surrogate pair, which neither UTF-8
 * nor Python can carry, becomes U+FFFD.
 */
export function redact(text: string): string {
  return redactText(text, knownSecrets())
}

/** {@link redact} applied to every string in a JSON-like value, keys included. A number that a secret's digits stand in becomes `[redacted]`. */
export function redactValue(value: unknown): unknown {
  const known = knownSecrets()
  const walk = (item: unknown): unknown => {
    if (typeof item === 'string') return redactText(item, known)
    if (typeof item === 'number') return known !== undefined && String(item).search(known) >= 0 ? redacted : item
    if (Array.isArray(item)) return item.map(walk)
    if (typeof item !== 'object' || item === null) return item
    return Object.fromEntries(Object.entries(item).map(([key, member]) => [redactText(key, known), walk(member)]))
  }
  return walk(value)
}

function redactText(text: string, known: RegExp | undefined): string {
  if (text.length < shortestFind) return text.toWellFormed()
  let result = known ? cutOut(text, known) : text
  if (!hints.test(result)) return result.toWellFormed()
  for (const shape of shapes) result = result.replace(shape, redacted)
  return result.replace(basic, (found) => (Buffer.from(found, 'base64').includes(':') ? redacted : found)).toWellFormed()
}

function knownSecrets(): RegExp | undefined {
  const values = secretValues()
  const joined = values.join('\0')
  if (joined !== compiled.values) {
    const forms = new Set(values.filter((value) => !redacted.includes(value)).flatMap(secretForms))
    compiled = { values: joined, needles: forms.size > 0 ? new RegExp([...forms].join('|'), 'g') : undefined }
  }
  return compiled.needles
}

/** `text` with all that `needles` find replaced. Finds that overlap go as one: nothing of the second may stay. */
function cutOut(text: string, needles: RegExp): string {
  let result = ''
  let copied = 0 // text before this is in the result or cut
  needles.lastIndex = 0
  for (let found = needles.exec(text); found !== null; found = needles.exec(text)) {
    const end = found.index + found[0].length
    if (found.index >= copied) result += text.slice(copied, found.index) + redacted
    if (end > copied) copied = end
    needles.lastIndex = found.index + 1
  }
  return result + text.slice(copied)
}
