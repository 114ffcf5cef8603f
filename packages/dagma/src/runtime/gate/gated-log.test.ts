import { format, inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { secret } from '../../metadata/redaction/secret.ts'
import { setEnvironment } from '../../test/temporary.ts'
import { gatedLog, longestLogMessage } from './gated-log.ts'

/** The text of a log line with these arguments. */
function logged(...message: unknown[]): string {
  const lines: string[] = []
  gatedLog((level, text) => lines.push(`${level} ${text}`)).info(...message)
  return lines.join('|').replace(/^info /, '')
}

test('a log line says what console.log prints', () => {
  expect(logged('plain 100%')).toBe('plain 100%')
  expect(logged({ a: [1, new Map([['b', 2]])] })).toBe("{ a: [ 1, Map(1) { 'b' => 2 } ] }")
  expect(logged('%d rows of %s', 3, 'orders', { more: true })).toBe('3 rows of orders { more: true }')
  expect(logged(undefined, null, 1n, [undefined])).toBe('undefined null 1n [ undefined ]')
  expect(logged()).toBe('')
  expect(logged(new TypeError('no row'))).toMatch(/^TypeError: no row\n\s+at /)
  const circular: { self?: unknown } = {}
  circular.self = circular
  expect(logged(circular)).toBe('<ref *1> { self: [Circular *1] }')
  fc.assert(fc.property(fc.array(fc.anything()), (values) => logged(...values) === format(...values).toWellFormed()))
})

test('is bounded, redacted, and never throws', () => {
  expect(logged('x'.repeat(1_000_000))).toBe(`${'x'.repeat(longestLogMessage)}… [cut: 1000000 characters in all]`)
  const deep: unknown = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)
  expect(logged(deep)).toBe('[ [ [ [Array] ] ] ]')
  expect(logged('%j', deep).length).toBeGreaterThan(0)
  setEnvironment({ DAGMA_TEST_LOGGED: 'logged-secret-value' })
  secret('DAGMA_TEST_LOGGED')
  expect(logged({ key: 'logged-secret-value' })).toBe("{ key: '[redacted]' }")
  const throwing = {
    [inspect.custom]() {
      throw new Error('not now')
    },
  }
  expect(logged(throwing)).toBe('A value cannot be shown: not now')
})
