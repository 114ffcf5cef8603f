import { canonicalUuid } from '../point-id.ts'
import type { StoredId } from '../wire.ts'
import { parsePath, valuesAt } from './payload-path.ts'
import { asArray, asObject, badRequest, notLocal, onlyMembers } from './refusal.ts'

/** Whether a point meets a filter. */
export type Matcher = (id: StoredId, payload: object) => boolean

type Test = (value: unknown) => boolean

const clauses = ['must', 'should', 'must_not']
const rangeTests: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
}

/**
 * Makes the test that a filter of Qdrant's form stands for.
 * @throws Refusal with status 501 and its name for a condition that the local store has not, and 400 for a malformed one.
 */
export function matcher(filter: unknown): Matcher {
  const given = asObject(filter, 'a filter')
  onlyMembers(given, clauses, 'filter clause')
  const [must, should, mustNot] = clauses.map((clause) => conditions(given[clause])) as [Matcher[], Matcher[], Matcher[]]
  return (id, payload) =>
    must.every((meets) => meets(id, payload)) &&
    (should.length === 0 || should.some((meets) => meets(id, payload))) &&
    !mustNot.some((meets) => meets(id, payload))
}

/** `value` as an id that a point can have. */
export function asStoredId(value: unknown): StoredId {
  const id = typeof value === 'string' ? canonicalUuid(value) : value
  if (typeof id === 'string' || (Number.isSafeInteger(id) && (id as number) >= 0)) return id as StoredId
  throw badRequest('a point id is neither an unsigned integer nor a UUID')
}

function conditions(given: unknown): Matcher[] {
  if (given === undefined || given === null) return []
  return (Array.isArray(given) ? given : [given]).map(condition)
}

function condition(given: unknown): Matcher {
  const wanted = asObject(given, 'a condition')
  if (clauses.some((clause) => clause in wanted)) return matcher(wanted)
  if ('has_id' in wanted) {
    const ids = new Set(asArray(wanted['has_id'], 'has_id').map(asStoredId))
    return (id) => ids.has(id)
  }
  if ('is_empty' in wanted)
    return atKey(wanted['is_empty'], (values) => values.every((value) => value === null || (Array.isArray(value) && value.length === 0)))
  if ('is_null' in wanted) return atKey(wanted['is_null'], (values) => values.some((value) => value === null))
  if (!('key' in wanted)) throw notLocal(`filter condition "${Object.keys(wanted)[0] ?? ''}"`)
  return fieldCondition(wanted)
}

function atKey(of: unknown, test: (values: unknown[]) => boolean): Matcher {
  const path = parsePath(asObject(of, 'a condition')['key'])
  return (_id, payload) => test(valuesAt(payload, path))
}

function fieldCondition(wanted: { readonly [name: string]: unknown }): Matcher {
  onlyMembers(wanted, ['key', 'match', 'range'], 'filter condition')
  const { match, range } = wanted
  const tests = [
    ...(match === undefined ? [] : [matchTest(asObject(match, 'match'))]),
    ...(range === undefined ? [] : [rangeTest(asObject(range, 'range'))]),
  ]
  const test = tests[0]
  if (test === undefined || tests.length > 1) throw badRequest('a condition on a key needs either match or range')
  // A condition on an array is met when one of its elements meets it.
  return atKey(wanted, (values) => values.flat().some(test))
}

function matchTest(match: { readonly [name: string]: unknown }): Test {
  onlyMembers(match, ['value', 'any', 'except'], 'match')
  if ('value' in match) {
    const wanted = matchable(match['value'])
    return (value) => value === wanted
  }
  const name = 'any' in match ? 'any' : 'except'
  const list = asArray(match[name], `match ${name}`).map(matchable)
  if (new Set(list.map((value) => typeof value)).size > 1 || typeof list[0] === 'boolean')
    throw badRequest(`match ${name} must be all texts or all integers`)
  const wanted = new Set<unknown>(list)
  // A server takes a null for no value: it meets neither.
  return name === 'any' ? (value) => wanted.has(value) : (value) => value !== null && !wanted.has(value)
}

function matchable(value: unknown): string | number | boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)) return value as string | number | boolean
  throw badRequest('match takes a text, an integer, or true or false')
}

function rangeTest(range: { readonly [name: string]: unknown }): Test {
  onlyMembers(range, Object.keys(rangeTests), 'range bound')
  const bounds = Object.entries(range).filter(([, bound]) => bound !== undefined && bound !== null)
  if (bounds.some(([, bound]) => typeof bound === 'string')) throw notLocal('range of dates')
  if (bounds.some(([, bound]) => typeof bound !== 'number')) throw badRequest('the bounds of a range must be numbers')
  return (value) => typeof value === 'number' && bounds.every(([name, bound]) => rangeTests[name]?.(value, bound as number))
}
