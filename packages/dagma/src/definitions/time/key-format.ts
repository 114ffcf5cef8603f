/** A form in which local times are written and read: Python's `strftime` and `strptime`, as far as they do not depend on a language. */
export interface KeyFormat {
  readonly write: (local: number) => string
  /** Undefined for a text of another form, or of a day that does not exist. */
  readonly read: (text: string) => number | undefined
}

const day = 86_400_000

/** The text of a directive: how it is formatted, from an ISO time, and how it is parsed. */
const directives: { readonly [directive: string]: { readonly pattern: string; readonly write: (iso: string) => string } } = {
  Y: { pattern: '[1-9]\\d{3}', write: (iso) => iso.slice(0, 4) },
  y: { pattern: '\\d\\d', write: (iso) => iso.slice(2, 4) },
  m: { pattern: '\\d\\d', write: (iso) => iso.slice(5, 7) },
  d: { pattern: '\\d\\d', write: (iso) => iso.slice(8, 10) },
  j: { pattern: '\\d{3}', write: (iso) => String((Date.parse(iso.slice(0, 10)) - Date.parse(iso.slice(0, 4))) / day + 1).padStart(3, '0') },
  H: { pattern: '\\d\\d', write: (iso) => iso.slice(11, 13) },
  M: { pattern: '\\d\\d', write: (iso) => iso.slice(14, 16) },
  S: { pattern: '\\d\\d', write: (iso) => iso.slice(17, 19) },
}

/** Why a text is not a form of keys; undefined when it is. */
export function keyFormatProblem(text: string): string | undefined {
  const unknown = text.match(/%./gs)?.find((one) => one !== '%%' && directives[one.slice(1)] === undefined)
  const known = Object.keys(directives).map((letter) => `%${letter}`)
  if (unknown !== undefined) return `has ${JSON.stringify(unknown)}, which is not one of ${known.join(', ')} and %%`
  return /%[Yy]/.test(text) ? undefined : 'does not name the year (%Y or %y)'
}

const known = new Map<string, KeyFormat>()

/** The form that a text describes, such as `%Y-%m-%d`. */
export function keyFormat(text: string): KeyFormat {
  const format = known.get(text) ?? makeFormat(text)
  known.set(text, format)
  return format
}

function makeFormat(text: string): KeyFormat {
  const parts = text.split(/(%.)/s).map((part) => ({
    letter: part.slice(1),
    directive: part[0] === '%' ? directives[part[1] ?? ''] : undefined,
    text: part.replace('%%', '%'),
  }))
  const letters = parts.flatMap(({ directive, letter }) => (directive === undefined ? [] : [letter]))
  const pattern = new RegExp(
    `^${parts.map(({ directive, text }) => (directive === undefined ? text.replace(/[^\w ]/g, '\\$&') : `(${directive.pattern})`)).join('')}$`,
  )
  const write = (local: number): string => {
    const iso = new Date(local).toISOString()
    return parts.map(({ directive, text }) => directive?.write(iso) ?? text).join('')
  }
  return {
    write,
    read: (key) => {
      const found = pattern.exec(key)
      if (found === null) return undefined
      const local = localOf(new Map(letters.map((letter, index) => [letter, Number(found[index + 1])])))
      return Number.isFinite(local) && write(local) === key ? local : undefined
    },
  }
}

function localOf(fields: ReadonlyMap<string, number>): number {
  const short = fields.get('y') ?? 0
  const year = fields.get('Y') ?? short + (short < 69 ? 2000 : 1900)
  const ofYear = fields.get('j')
  const date = ofYear === undefined ? Date.UTC(year, (fields.get('m') ?? 1) - 1, fields.get('d') ?? 1) : Date.UTC(year, 0, ofYear)
  return date + (((fields.get('H') ?? 0) * 60 + (fields.get('M') ?? 0)) * 60 + (fields.get('S') ?? 0)) * 1000
}
