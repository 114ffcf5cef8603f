/** The parts of a secret's value that are secrets themselves: the password in an address, the members of a JSON text, the lines of a key. */
import { isCommonplace, isNamedLikeSecret } from './secret-names.ts'

const shortestLine = 8

/** The parts of a declared secret's value that must not leave either. */
export function innerSecrets(value: string): string[] {
  const trimmed = value.trim()
  return [...lines(trimmed), ...keyBody(trimmed), ...passwords(trimmed), ...members(trimmed)].filter((part) => part.length >= shortestLine)
}

/** Each line, since output is scanned line by line. A line end may be written as `\n`, since a variable has one line. */
function lines(value: string): string[] {
  const all = value.split(/(?:\\r)?\\n|[\r\n]+/).map((line) => line.trim())
  return all.length === 1 ? [] : all
}

/** The body of a PEM file, in one line and without the headers of an encrypted one. */
function keyBody(value: string): string[] {
  const bodies = value.matchAll(/-----BEGIN [^-]+-----(.*?)-----END /gs)
  return [...bodies].map(([, body = '']) =>
    body
      .split(/(?:\\r)?\\n|[\r\n]+/)
      .filter((line) => !/^[\w-]+:/.test(line.trim()))
      .join('')
      .replace(/\s/g, ''),
  )
}

/** Passwords in a URL, and in a list of settings such as `Server=db;Password=…`. */
function passwords(value: string): string[] {
  const inUrl = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*@|[^@\s]*@)/i.exec(value)?.[1]
  const inGoUrl = /^[^:@/\s]+:(.+)@(?:tcp|unix)\(/.exec(value)?.[1]
  const password = inUrl?.slice(0, -1).replace(/^[^:]*:/, '') ?? inGoUrl
  const settings = [...value.matchAll(/([\w -]+)=("[^"]*"|'[^']*'|[^;&\s]+)/g)]
  const named = settings.filter(([, name = '']) => isNamedLikeSecret(name.trim().replaceAll(' ', '_')) || isCredential(name))
  return [
    ...(password === undefined ? [] : [password, decoded(password)]),
    ...named.map(([, , text = '']) => text.replace(/^["']|["']$/g, '')),
  ]
}

function isCredential(name: string): boolean {
  return /^(?:pass|pwd|password|sig|(?:x-(?:amz|goog)-)?signature)$/i.test(name.trim())
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The texts and long numbers in a JSON text, but for such as `service_account` that are not secrets. */
function members(value: string): string[] {
  if (!/^[[{]/.test(value)) return []
  const found: string[] = []
  const walk = (name: string, item: unknown): void => {
    if (typeof item === 'object' && item !== null)
      for (const [key, member] of Object.entries(item)) walk(Array.isArray(item) ? name : key, member)
    else if (typeof item === 'number' || typeof item === 'string') {
      const text = String(item)
      if (isNamedLikeSecret(name) || !isCommonplace(text)) found.push(text, ...innerSecrets(text))
    }
  }
  try {
    walk('', JSON.parse(value))
  } catch {
    // Not JSON: then it has no members.
  }
  return found
}
