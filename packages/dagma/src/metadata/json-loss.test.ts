import { isDeepStrictEqual } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonLoss } from './json-loss.ts'
import { secret } from './redaction/secret.ts'

const limits = { deepest: 100 }
const lossOf = (value: unknown): string | undefined => {
  const loss = jsonLoss(value, limits)
  return loss && `${loss.what} at ${loss.at}`
}

class Money {
  readonly cents = 1
}

/** Whatever JSON changes without an error, or refuses. */
const lost: readonly [what: string, value: unknown][] = [
  ['NaN', Number.NaN],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
  ['a bigint', 1n],
  ['a symbol', Symbol('x')],
  ['a function', () => 1],
  ['a function', Money],
  ['a Map', new Map()],
  ['a Set', new Set()],
  ['a WeakMap', new WeakMap()],
  ['a Promise (is an await missing?)', Promise.resolve(1)],
  ['an Error', new Error('x')],
  ['a TypeError', new TypeError('x')],
  ['a RegExp', /x/],
  ['a Headers', new Headers()],
  ['a URLSearchParams', new URLSearchParams('a=b')],
  ['an ArrayBuffer', new ArrayBuffer(1)],
  ['a Float32Array', new Float32Array(1)],
  ['a DataView', new DataView(new ArrayBuffer(1))],
  ['a Buffer', Buffer.from('x')],
  ['an Iterator', [1].values()],
  ['a Generator', (function* () {})()],
  ['an AsyncGenerator', (async function* () {})()],
  ['an invalid Date', new Date(Number.NaN)],
  ['a Number', Object(Number.NaN)],
  ['a String', Object('x')],
  ['a Boolean', Object(true)],
  ['an instance of Money', new Money()],
  ['an instance of Object', Object.create({ a: 1 })],
  ['an object with a symbol as a key', { [Symbol('x')]: 1 }],
  ['a list with the member "index"', 'x'.match(/x/)],
  ['a Map', runInContext('new Map()', createContext())],
  ['NaN', { toJSON: () => Number.NaN }],
  ['raw JSON', (Reflect.get(JSON, 'rawJSON') as (text: string) => unknown)('12345678901234567890')],
]

describe('what JSON would change or lose', () => {
  test.each(lost)('%s, wherever it stands', (what, value) => {
    const expected = what === 'an instance of Object' ? /^an? (instance of )?Object at / : `${what} at `
    expect(lossOf(value)).toMatch(expected)
    expect(lossOf({ rows: [1, { 'a b': value }] })).toMatch(expected)
    expect(lossOf({ rows: [1, { 'a b': value }] })).toMatch(/ at rows\[1\]\["a b"\]$/)
  })

  test('undefined and holes in lists, cycles, depth', () => {
    expect(lossOf([1, undefined])).toBe('undefined at [1]')
    expect(lossOf({ a: [1, { toJSON: () => undefined }] })).toBe('undefined at a[1]')
    expect(lossOf({ a: { toJSON: () => undefined } })).toBeUndefined()
    expect(lossOf({ a: new Array(2) })).toBe('a hole at a[0]')
    const circular: { list: unknown[] } = { list: [] }
    circular.list.push({ of: circular })
    expect(lossOf(circular)).toBe('a reference to what it is in at list[0].of')
    const nested = (levels: number) => Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 1)
    expect(lossOf(nested(100))).toBeUndefined()
    expect(lossOf(nested(101))).toMatch(/^more than 100 levels at (\[0\]){30}/)
    expect(lossOf(nested(500_000))).toMatch(/^more than 100 levels at /)
    expect(lossOf(nested(500_000))?.length).toBeLessThan(250)
    expect(lossOf({ toJSON: () => ({ toJSON: 1n }) })).toBe('a bigint at toJSON')
  })
})

test('nothing else is refused: data comes back from JSON as it was', () => {
  const shared = { a: 1 }
  const plain: readonly unknown[] = [
    null,
    '',
    '\ud800',
    { a: undefined, b: [shared, shared] },
    Object.create(null),
    runInContext('({ a: [1] })', createContext()),
    { at: new Date(0), link: new URL('https://example.com'), key: secret('DAGMA_TEST_NEVER_SET') },
    JSON.parse('{"__proto__":{"a":1},"constructor":2}'),
  ]
  for (const value of plain) expect(lossOf(value)).toBeUndefined()
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      fc.pre(isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value)) // -0 is refused
      expect(jsonLoss(value, { ...limits, unsafe: true })).toBeUndefined()
    }),
  )
})

test('what is allowed comes back from JSON as it went, and what is not does not', () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
  })
  const without = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_, item) => item) ?? 'null')
  fc.assert(
    fc.property(anything, (value) => {
      if (jsonLoss(value, { ...limits, unsafe: true }) !== undefined) return
      const back = without(value)
      expect(without(back)).toEqual(back)
      expect(back).toEqual(dated(value) ?? null)
    }),
    { numRuns: 500 },
  )
})

/** `value` as plain data: what a value that loses nothing is, but for its dates and prototypes. */
function dated(value: unknown): unknown {
  if (value instanceof Date) return value.toJSON()
  if (Array.isArray(value)) return value.map(dated)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, dated(member)]),
  )
}
