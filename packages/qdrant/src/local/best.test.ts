import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { best } from './best.ts'

describe('the best of many', () => {
  it('are the highest ranks in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), fc.integer({ min: 1, max: 12 }), (ranks, count) => {
        const items = ranks.map((rank, at) => ({ rank, at }))
        const found = best(count, items)
        expect(found.map(({ rank }) => rank)).toEqual([...ranks].sort((a, b) => b - a).slice(0, count))
        expect(new Set(found.map(({ at }) => at)).size).toBe(found.length)
      }),
    )
  })
})
