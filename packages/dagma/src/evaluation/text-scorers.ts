import { isDeepStrictEqual } from 'node:util'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { dagmaError } from '../errors.ts'
import type { Scorer } from './scorer.ts'

/**
 * Scores 1 when the output equals `expected` of the example, otherwise 0. White space around texts does not count; objects and lists are compared in
 * depth.
 * @example
 * ```ts
 * const right = exactMatch<string>()
 * ```
 */
export function exactMatch<Output>(): Scorer<{ readonly expected: Output }, Output> {
  const trimmed = (value: Output): unknown => (typeof value === 'string' ? value.trim() : value)
  return ({ example, output }) => (isDeepStrictEqual(trimmed(output), trimmed(example.expected)) ? 1 : 0)
}

/**
 * Scores 1 when the output is JSON, and fits `schema` when there is one (of zod, or any Standard Schema), otherwise 0.
 * @example
 * ```ts
 * const valid = jsonValidity()
 * ```
 */
export function jsonValidity(schema?: StandardSchemaV1): Scorer<unknown, string> {
  return async ({ output }) => {
    let value: unknown
    try {
      value = JSON.parse(output)
    } catch {
      return 0
    }
    if (schema === undefined) return 1
    return (await schema['~standard'].validate(value)).issues === undefined ? 1 : 0
  }
}

/**
 * Scores 1 when the output has from `min` to `max` characters (by default from 1), otherwise 0. @throws DAGMA_OPTION_INVALID
 * @example
 * ```ts
 * const brief = answerLength({ max: 600 })
 * ```
 */
export function answerLength({ min = 1, max }: { readonly min?: number; readonly max: number }): Scorer<unknown, string> {
  if (!(min >= 0 && max >= min))
    throw dagmaError('DAGMA_OPTION_INVALID', { option: 'max', of: 'answerLength()', reason: 'must be a number that is not below min' })
  return ({ output }) => (output.length >= min && output.length <= max ? 1 : 0)
}
