/** Secrets planted for a test, and the search for them in everything that leaves a project. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { inflateSync } from 'node:zlib'

/** A canary's value for a variable: characters that each encoding writes differently, and ends that no other canary has. */
export const canaryFor = (variable: string): string => `Cn${variable.length}r"y\\/+&%=~ ${variable.toLowerCase().replaceAll('_', '')}#9Zq`

/** A canary that can be in a URL as it is. */
export const plainCanaryFor = (variable: string): string => `cnry${variable.replaceAll('_', '').toLowerCase()}9Zq7`

/** Every form in which a canary is looked for; written apart from the product's own list. */
export function forms(canary: string): Map<string, string> {
  const found = new Map<string, string>()
  const json = (text: string): string => JSON.stringify(text).slice(1, -1)
  const bytes = Buffer.from(canary)
  found.set('plain', canary)
  found.set('JSON', json(canary))
  found.set('JSON in JSON', json(json(canary)))
  found.set('URL', encodeURIComponent(canary))
  found.set(
    'URL, lower case',
    encodeURIComponent(canary).replace(/%../g, (code) => code.toLowerCase()),
  )
  found.set('form', new URLSearchParams({ a: canary }).toString().slice(2))
  found.set('hex', bytes.toString('hex'))
  found.set('HEX', bytes.toString('hex').toUpperCase())
  for (const before of [0, 1, 2]) {
    // With `before` bytes in front of it and any behind it: the characters that depend on the canary alone.
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const core = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
    found.set(`base64 at ${before}`, core)
    found.set(`base64url at ${before}`, core.replaceAll('+', '-').replaceAll('/', '_'))
  }
  return found
}

/** Where canaries were found: empty when nothing leaked. */
export class LeakSearch {
  readonly #needles: { readonly name: string; readonly form: string; readonly needle: Buffer }[]
  readonly found: string[] = []
  /** Where something was cut out: there a secret would have been output, and the gate was before it. */
  readonly gated = new Set<string>()
  /** How much was looked through: a search through nothing proves nothing. */
  places = 0

  constructor(canaries: Readonly<Record<string, string>>) {
    this.#needles = Object.entries(canaries).flatMap(([name, canary]) =>
      [...forms(canary)].map(([form, text]) => ({ name, form, needle: Buffer.from(text) })),
    )
  }

  /** Looks through a text. */
  text(place: string, content: string | Uint8Array): void {
    this.places++
    const haystack = Buffer.from(content as string)
    if (haystack.includes('[redacted]')) this.gated.add(place)
    for (const { name, form, needle } of this.#needles) {
      if (haystack.includes(needle)) this.found.push(`${name} (${form}) in ${place}`)
    }
  }

  /** Looks through every file of a folder; in databases also through each value, unpacked where it is packed. */
  folder(folder: string, leaveOut: readonly string[]): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name)
      const place = relative(folder, file)
      if (!entry.isFile() || leaveOut.some((name) => place === name || place.startsWith(`${name}/`))) continue
      const content = readFileSync(file)
      this.text(place, content)
      if (content.subarray(0, 15).toString() === 'SQLite format 3') this.#database(place, file)
    }
  }

  #database(place: string, file: string): void {
    using database = new DatabaseSync(file, { readOnly: true })
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'").all()
    for (const { name } of tables) {
      for (const row of database.prepare(`SELECT * FROM "${name}"`).iterate()) {
        for (const [column, value] of Object.entries(row)) {
          if (typeof value === 'string') this.text(`${place}: ${name}.${column}`, value)
          else if (value instanceof Uint8Array) this.text(`${place}: ${name}.${column}`, unpacked(value))
        }
      }
    }
  }
}

function unpacked(bytes: Uint8Array): Uint8Array {
  try {
    return inflateSync(bytes)
  } catch {
    return bytes
  }
}
