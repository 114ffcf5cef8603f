import { describe, expect, it } from 'vitest'
import { parsePath, pick, valuesAt } from './payload-path.ts'

const payload = { a: { b: [1, 2], 'c.d': 3 }, list: [{ n: 1 }, { n: [2, 3] }, 4], nothing: null }

describe('a path into a payload', () => {
  it.each([
    ['a.b', [[1, 2]]],
    ['a.b[]', [1, 2]],
    ['a.b[1]', [2]],
    ['a."c.d"', [3]],
    ['list[].n', [1, [2, 3]]],
    ['list.n', []],
    ['nothing', [null]],
    ['nothing.x', []],
    ['toString', []],
  ])('%s', (path, values) => {
    expect(valuesAt(payload, parsePath(path))).toEqual(values)
  })

  it.each(['', '.a', 'a..b', 'a[', 'a[x]', '[0]', 'a b', '"a'])('refuses %j', (path) => {
    expect(() => parsePath(path)).toThrow(/must be a path/)
  })

  it('picks what paths name', () => {
    expect(pick(payload, ['a.b', 'nothing', 'missing.x', 'a."c.d"'].map(parsePath))).toEqual({ a: { b: [1, 2], 'c.d': 3 }, nothing: null })
  })
})
