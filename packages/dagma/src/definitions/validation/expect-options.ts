import { dagmaError } from '../../errors.ts'
import { nearestName } from './nearest-name.ts'

/** What an option takes, as far as a glance tells; `any` is looked at elsewhere. With "!" the option must be given. */
type Kind = 'text' | 'number' | 'boolean' | 'function' | 'list' | 'texts' | 'object' | 'key' | 'any'

/** The options of a declaration, each with what it takes. */
export type OptionTable<Option extends PropertyKey = string> = { readonly [Name in Option]-?: Kind | `${Kind}!` }

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string')

const kinds: { readonly [Name in Kind]: readonly [what: string, fits: (value: unknown) => boolean] } = {
  text: ['text', (value) => typeof value === 'string'],
  number: ['a number', (value) => typeof value === 'number'],
  boolean: ['true or false', (value) => typeof value === 'boolean'],
  function: ['a function', (value) => typeof value === 'function'],
  list: ['a list', Array.isArray],
  texts: ['a list of texts', isTexts],
  object: ['an object', isObject],
  key: ['text or a list of texts', (value) => typeof value === 'string' || isTexts(value)],
  any: ['given', () => true],
}

/**
 * Checks the options that a declaration was called with, for those whose editor has no type checker: a misspelled option would be dropped.
 * @param of the declaration, such as `asset()`
 * @throws DAGMA_OPTION_UNKNOWN for an option that the table lacks; DAGMA_OPTION_INVALID for one of another kind, or one that is missing
 */
export function expectOptions(of: string, options: object, table: OptionTable): void {
  const given: { readonly [option: string]: unknown } = isObject(options) ? { ...options } : wrong(of, 'options', 'must be an object')
  for (const option of Object.keys(given)) {
    if (Object.hasOwn(table, option)) continue
    throw dagmaError('DAGMA_OPTION_UNKNOWN', { of, option, nearest: nearestName(option, Object.keys(table)), known: Object.keys(table) })
  }
  for (const [option, entry] of Object.entries(table)) {
    const value = given[option]
    const [what, fits] = kinds[entry.replace('!', '') as Kind]
    if (value === undefined ? entry.endsWith('!') : !fits(value)) wrong(of, option, value === undefined ? 'is missing' : `must be ${what}`)
  }
}

function wrong(of: string, option: string, reason: string): never {
  throw dagmaError('DAGMA_OPTION_INVALID', { option, of, reason })
}
