import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { artifactPath, batches, entries, limits, points } from './limits.ts'

describe('batches', () => {
  it('keep every item in order, within both limits', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (sizes, count) => {
        const items = sizes.map((size, index) => ({ key: String(index), value: 'x'.repeat(size) }))
        const parts = batches(items, count)
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

  it.each(['', 'x'.repeat(251), 'a?b', 'a\nb'])('refuse the key %j', (key) =>
    expect(() => entries('tag', { [key]: 'x' })).toThrow(/the tag key/),
  )
})

describe('metrics', () => {
  it('are points with a step and a moment', () =>
    expect(points({ a: 1, b: [{ value: 2 }, { value: 3, step: 7, timestamp: new Date(5) }] }, 4, 100)).toEqual([
      { key: 'a', value: 1, step: 4, timestamp: 100 },
      { key: 'b', value: 2, step: 4, timestamp: 100 },
      { key: 'b', value: 3, step: 7, timestamp: 5 },
    ]))

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuse %d', (value) => expect(() => points({ a: value })).toThrow(/no finite number/))
  it('refuse half a step', () => expect(() => points({ a: 1 }, 0.5)).toThrow(/no whole number/))
})

describe('the path of an artifact', () => {
  it.each(['', '/a', 'a/', 'a//b', '..', 'a/../../b', './a', 'a\\b', 'a\0b'])('refuses %j', (path) =>
    expect(() => artifactPath(path)).toThrow(RangeError),
  )
  it('has its parts', () => expect(artifactPath('a/b c.json')).toEqual(['a', 'b c.json']))
})
