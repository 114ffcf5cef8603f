/** Something that JSON would change or lose: what it is, and where it stands, as `rows[0].at`; empty for the whole value. */
export interface JsonLoss {
  readonly what: string
  readonly at: string
}

/** Exceptions of {@link jsonLoss}. */
export interface JsonLimits {
  /** How many lists and objects may be in each other. */
  readonly deepest: number
  /** Whether -0, which JSON writes as 0, is allowed. */
  readonly negativeZero?: boolean
  /** Whether integers beyond ±(2^53 − 1), which may have been rounded, are allowed. */
  readonly unsafe?: boolean
}

/** Checks a list or an object, and its members when it holds no loss itself. */
type Enter = (item: unknown, key: string) => string | undefined

/** A list or an object that the search is in. */
type Level =
  | { readonly list: readonly unknown[]; next: number }
  | { readonly members: object; readonly names: readonly string[]; next: number }

/**
 * The first thing in `value` that JSON would change in silence: NaN would become null, a Map `{}`, `undefined` in a list null, and so on. A
 * member that is undefined is not a loss, and whatever has a `toJSON` is what that returns. Depth is bounded, and the search does not recurse.
 * @example
 * ```ts
 * const loss = jsonLoss({ rows: [new Map()] }, { deepest: 100 })
 * ```
 */
export function jsonLoss(value: unknown, limits: JsonLimits): JsonLoss | undefined {
  const levels: Level[] = []
  const above = new Set<object>()
  const enter: Enter = (item, key) => {
    const form = written(item, key)
    const what = form === undefined && isInList(levels) ? 'undefined' : (scalarLoss(form, limits) ?? objectLoss(form))
    if (what !== undefined || typeof form !== 'object' || form === null) return what
    if (above.has(form)) return 'a reference to what it is in'
    if (levels.length === limits.deepest) return `more than ${limits.deepest} levels`
    above.add(form)
    levels.push(Array.isArray(form) ? { list: form, next: 0 } : { members: form, names: Object.keys(form), next: 0 })
    return undefined
  }
  let what = enter(value, '')
  for (let level = levels.at(-1); what === undefined && level !== undefined; level = levels.at(-1)) {
    what = 'list' in level ? nextItem(level, limits, enter) : nextMember(level, limits, enter)
    if (what === undefined && level === levels.at(-1) && isOver(level)) leave(levels, above)
  }
  return what === undefined ? undefined : { what, at: pathText(levels) }
}

/**
 * The loss in words: `it is a Map`, `it has a Map at "rows[0]"`.
 * @example
 * ```ts
 * const loss = jsonLoss({ rows: [Number.NaN] }, { deepest: 100 })
 * if (loss !== undefined) console.warn(`The value cannot be stored: ${lossText(loss)}.`)
 * ```
 */
export function lossText({ what, at }: JsonLoss): string {
  return at === '' ? `it is ${what}` : `it has ${what} at "${at}"`
}

function isInList(levels: readonly Level[]): boolean {
  const level = levels.at(-1)
  return level !== undefined && 'list' in level
}

function isOver(level: Level): boolean {
  return level.next >= ('list' in level ? level.list : level.names).length
}

/** Goes on through a list, as far as its next list or object, which it enters, or its end. */
function nextItem(level: Extract<Level, { list: unknown }>, limits: JsonLimits, enter: Enter): string | undefined {
  const { list } = level
  while (level.next < list.length) {
    const index = level.next++
    const item = list[index]
    if (item === undefined) return index in list ? 'undefined' : 'a hole'
    if (typeof item === 'object' && item !== null) return enter(item, String(index))
    const what = scalarLoss(item, limits)
    if (what !== undefined) return what
  }
  return undefined
}

/** Goes on through an object likewise. */
function nextMember(level: Extract<Level, { members: unknown }>, limits: JsonLimits, enter: Enter): string | undefined {
  const { members, names } = level
  for (let name = names[level.next++]; name !== undefined; name = names[level.next++]) {
    const item: unknown = Reflect.get(members, name)
    if (typeof item === 'object' && item !== null) return enter(item, name)
    const what = scalarLoss(item, limits)
    if (what !== undefined) return what
  }
  return undefined
}

function leave(levels: Level[], above: Set<object>): void {
  const level = levels.pop()
  if (level !== undefined) above.delete('list' in level ? level.list : level.members)
}

/** The value that JSON writes for `item`. */
function written(item: unknown, key: string): unknown {
  if (typeof item !== 'object' || item === null || ArrayBuffer.isView(item) || isInvalidDate(item)) return item
  return 'toJSON' in item && typeof item.toJSON === 'function' ? item.toJSON(key) : item
}

function scalarLoss(item: unknown, { negativeZero = false, unsafe = false }: JsonLimits): string | undefined {
  switch (typeof item) {
    case 'number':
      if (!Number.isFinite(item)) return String(item)
      if (!negativeZero && Object.is(item, -0)) return '-0'
      return unsafe || !Number.isInteger(item) || Number.isSafeInteger(item) ? undefined : 'an integer beyond 2^53'
    case 'bigint':
    case 'function':
    case 'symbol':
      return `a ${typeof item}`
    default:
      return undefined
  }
}

/** A list this long is not searched for members by name: that takes as long as writing it. */
const longList = 1000

/** The loss of an object itself in JSON, apart from its members. */
function objectLoss(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  if (Array.isArray(item)) {
    const named = item.length < longList ? Object.keys(item).find((key) => !/^\d+$/.test(key)) : undefined
    return named === undefined ? undefined : `a list with the member "${named}"`
  }
  if (!isPlain(item)) return isInvalidDate(item) ? 'an invalid Date' : nameOf(item)
  if (isRawJSON(item)) return 'raw JSON'
  const symbols = Object.getOwnPropertySymbols(item)
  return symbols.some((symbol) => Object.prototype.propertyIsEnumerable.call(item, symbol)) ? 'an object with a symbol as a key' : undefined
}

const rawJSONTest: unknown = Reflect.get(JSON, 'isRawJSON') // not yet in TypeScript's library

/** Whether it comes from `JSON.rawJSON()`, whose text may say more than what it is read as. */
function isRawJSON(item: object): boolean {
  return typeof rawJSONTest === 'function' && rawJSONTest(item) === true
}

/** An object literal, one without a prototype, or one of another realm. */
function isPlain(item: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(item)
  return prototype === Object.prototype || prototype === null || Object.hasOwn(prototype, 'isPrototypeOf')
}

function isInvalidDate(item: object): boolean {
  return item instanceof Date && Number.isNaN(item.getTime())
}

/** An instance of a class by the class: `a Map`, `an instance of Money`. */
function nameOf(item: object): string {
  const made: unknown = item.constructor
  const name = typeof made === 'function' && made.name !== '' ? made.name : Object.prototype.toString.call(item).slice(8, -1)
  if (name === 'Promise') return 'a Promise (is an await missing?)'
  if (typeof made === 'function' && !(name in globalThis)) return `an instance of ${name}`
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`
}

/** Long paths are cut in the middle. */
function pathText(levels: readonly Level[]): string {
  const path = levels
    .map((level) => ('list' in level ? `[${level.next - 1}]` : memberText(level.names[level.next - 1] ?? '')))
    .join('')
    .replace(/^\./, '')
  return path.length <= 200 ? path : `${path.slice(0, 120)}…${path.slice(-60)}`
}

function memberText(name: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}
