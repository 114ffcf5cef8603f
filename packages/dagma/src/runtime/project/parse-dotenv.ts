/** The variables of a `.env` file. */
export interface Dotenv {
  /** By name, in the order of the file; a name without "=" sets nothing. */
  readonly values: ReadonlyMap<string, string>
  /** Numbers of the lines, from 1, that cannot be read and set nothing. */
  readonly unreadableLines: readonly number[]
}

/**
 * The variables that the text of a `.env` file sets, as python-dotenv 1.2 reads it: Dagster uses that library. `${NAME}` and
 * `${NAME:-default}` stand for a variable set above in the file, otherwise for one of `environment`.
 */
export function parseDotenv(text: string, environment: { readonly [name: string]: string | undefined }): Dotenv {
  const values = new Map<string, string | undefined>()
  const unreadableLines: number[] = []
  const reader = new Reader(text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n'))
  while (!reader.atEnd) {
    const start = reader.at
    try {
      const binding = readBinding(reader)
      if (binding !== undefined) values.set(binding.name, binding.value && resolved(binding.value, values, environment))
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      reader.read(/[^\n]*\n?/uy)
      unreadableLines.push(reader.lineOf(start))
    }
  }
  return { values: new Map([...values].filter((entry): entry is [string, string] => entry[1] !== undefined)), unreadableLines }
}

/** White space as Python's regular expressions have it; JavaScript's `\s` differs in six characters. */
const space = String.raw`\t\n\v\f\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`
const blank = space.replace(String.raw`\n`, '').replace(String.raw`\r`, '')

const whiteSpace = new RegExp(`[${space}]*`, 'uy')
const blanks = new RegExp(`[${blank}]*`, 'uy')
const exported = new RegExp(`(?:export[${blank}]+)?`, 'uy')
const plainName = new RegExp(`([^=#${space}]+)`, 'uy')
const quotedName = /'([^']+)'/uy
const equals = new RegExp(`=[${blank}]*`, 'uy')
const singleQuoted = /'((?:\\.|[^'\\])*)'/suy
const doubleQuoted = /"((?:\\.|[^"\\])*)"/suy
const unquoted = /([^\n]*)/uy
const comment = new RegExp(`(?:[${blank}]*#[^\n]*)?`, 'uy')
const endOfLine = new RegExp(`[${blank}]*(?:\n|$)`, 'uy')
const commentBehindValue = new RegExp(`[${space}]+#.*`, 'su')
const spaceAtEnd = new RegExp(`[${space}]+$`, 'u')

const escapes: { readonly [letter: string]: string } = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

class Unreadable extends Error {}

/** A text and how far it has been read. */
class Reader {
  at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get atEnd(): boolean {
    return this.at >= this.#text.length
  }

  get next(): string {
    return this.#text[this.at] ?? ''
  }

  /** The first group of a sticky expression that matches here. @throws Unreadable when it does not */
  read(expression: RegExp): string {
    expression.lastIndex = this.at
    const match = expression.exec(this.#text)
    if (match === null) throw new Unreadable()
    this.at = expression.lastIndex
    return match[1] ?? match[0]
  }

  lineOf(offset: number): number {
    const skipped = this.#text.slice(offset).search(new RegExp(`[^${space}]`, 'u'))
    return this.#text.slice(0, offset + Math.max(0, skipped)).split('\n').length
  }
}

/** A name and its value, undefined for a name alone; nothing for an empty line or a comment. */
function readBinding(reader: Reader): { name: string; value: string | undefined } | undefined {
  reader.read(whiteSpace)
  if (reader.atEnd) return undefined
  reader.read(exported)
  const name = reader.next === '#' ? undefined : reader.read(reader.next === "'" ? quotedName : plainName)
  reader.read(blanks)
  const value = reader.next === '=' ? readValue(reader) : undefined
  reader.read(comment)
  reader.read(endOfLine)
  return name === undefined ? undefined : { name, value }
}

function readValue(reader: Reader): string {
  const spaced = reader.read(equals).length > 1
  if (spaced && reader.next === '#') return ''
  if (reader.next === "'") return reader.read(singleQuoted).replace(/\\([\\'])/g, '$1')
  if (reader.next === '"') return reader.read(doubleQuoted).replace(/\\([\\'"abfnrtv])/g, (_, letter: string) => escapes[letter] ?? letter)
  return reader.read(unquoted).replace(commentBehindValue, '').replace(spaceAtEnd, '')
}

function resolved(
  value: string,
  above: ReadonlyMap<string, string | undefined>,
  environment: { readonly [name: string]: string | undefined },
): string {
  return value.replace(/\$\{([^}:]*)(?::-([^}]*))?\}/g, (_, name: string, otherwise = '') =>
    above.has(name) ? (above.get(name) ?? '') : (environment[name] ?? otherwise),
  )
}
