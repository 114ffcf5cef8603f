import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { artifactPath, calls, entries, limits, points } from './limits.ts'

describe('calls', () => {
  it('keep every item in order, within both limits', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (sizes, count) => {
        const items = sizes.map((size, index) => ({ key: String(index), value: 'x'.repeat(size) }))
        const parts = [...calls(items, count)]
        expect(parts.flat()).toEqual(items)
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(count)
          expect(part.length).toBeGreaterThan(0)
          expect(JSON.stringify(part).length).toBeLessThanOrEqual(limits.bytes)
        }
      }),
      { numRuns: 50 },
    ))
})

describe('params and tags', () => {
  it('are text', () =>
    expect(entries('param', { a: 1, b: true, c: 'x' })).toEqual(
      Object.entries({ a: '1', b: 'true', c: 'x' }).map(([key, value]) => ({ key, value })),
    ))

  it('have at most as many characters as MLflow takes, counted as Python counts', () => {
    expect(entries('param', { a: '😀'.repeat(6000) })).toHaveLength(1)
    expect(() => entries('param', { a: 'x'.repeat(6001) })).toThrow(
      'MLflow: the value of param "a" has 6001 characters; at most 6000 are allowed.',
    )
    expect(entries('tag', { a: 'x'.repeat(8000) })).toHaveLength(1)
    expect(() => entries('tag', { a: 'x'.repeat(8001) })).toThrow(RangeError)
  })

  it.each<readonly [name: string, why: string | RegExp]>([
    ['', 'the tag name "" is empty'],
    ['字'.repeat(251), /^MLflow: the tag name "字{50}…" has 251 characters; at most 250 are allowed\.$/],
    ['a?b', 'the tag name "a?b" has the character ? (U+003F); letters and digits of any script'],
    ['a\nb', 'the tag name "a\\nb" has the character U+000A;'],
    ['हिन्दी', 'has the character U+093F;'],
    ['a‿b', 'has the character ‿ (U+203F);'],
    ...['/a', 'a/', 'a//b', '..', '.', './a', 'a/../b', 'a/.', '..a'].map((name) => [name, `"${name}" is not a plain path`] as const),
  ])('refuse the name %j, and say why', (name, why) => expect(() => entries('tag', { [name]: 'x' })).toThrow(why))

  it.each(['x'.repeat(250), '字'.repeat(250), 'a..b/c..', 'a/..b', ' ', 'Ⅷ²½'])('take the name %j', (name) => {
    expect(entries('param', { [name]: 1 })).toHaveLength(1)
  })
})

describe('metrics', () => {
  it('are points with a step and a moment', () =>
    expect(points({ a: 1, b: [{ value: 2 }, { value: 3, step: 7, timestamp: new Date(5) }] }, 4, 100)).toEqual([
      { key: 'a', value: 1, step: 4, timestamp: 100 },
      { key: 'b', value: 2, step: 4, timestamp: 100 },
      { key: 'b', value: 3, step: 7, timestamp: 5 },
    ]))

  it('take what is not a finite number: an epoch that diverged', () =>
    expect(points({ a: Number.NaN, b: Number.POSITIVE_INFINITY }).map(({ value }) => value)).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]))
  it('refuse what is not a number', () =>
    expect(() => points({ a: [{ value: '1' as never }] })).toThrow('metric "a" has a string as its value, not a number'))
  it.each([new Date(-1), new Date(Number.NaN)])('refuse the moment %s', (timestamp) =>
    expect(() => points({ a: [{ value: 1, timestamp }] })).toThrow('metric "a" has a timestamp before 1970, or an invalid one'),
  )
  it('refuse half a step', () => expect(() => points({ a: 1 }, 0.5)).toThrow(/not an integer/))
})

describe('the path of an artifact', () => {
  it.each(['', '/a', 'a/', 'a//b', '..', 'a/../../b', './a', 'a\\b', 'a\0b'])('refuses %j', (path) =>
    expect(() => artifactPath(path)).toThrow(RangeError),
  )
  it('has its parts', () => expect(artifactPath('a/b c.json')).toEqual(['a', 'b c.json']))
})
