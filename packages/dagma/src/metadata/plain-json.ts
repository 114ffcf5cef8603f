import { type JsonLimits, jsonLoss } from './json-loss.ts'

/**
 * How deep metadata and custom messages may be. Dagster's Python reads and writes them by recursion, several calls a level, of which it
 * allows a thousand.
 */
export const deepestMetadata = 100

/**
 * `value` as plain JSON data, a copy.
 * @param wrong makes the error of a value that JSON would change or lose, from a reason such as `has a Map at "a"`.
 */
export function plainJson(value: unknown, wrong: (reason: string) => Error, { unsafe = false }: Pick<JsonLimits, 'unsafe'> = {}): unknown {
  // A figure of -0 is as good as 0, and rounding gives it.
  const loss = jsonLoss(value, { deepest: deepestMetadata, negativeZero: true, unsafe })
  if (loss !== undefined) throw wrong(`has ${loss.what}${loss.at === '' ? '' : ` at "${loss.at}"`}, ${advice(loss.what)}`)
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

function advice(what: string): string {
  if (what.startsWith('an integer')) return 'which would be rounded; give it as text'
  return what.startsWith('more than') ? 'while Dagster can read no more' : 'which JSON lacks'
}
