import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eachAtMost } from './each-at-most.ts'

test('eachAtMost does every item once, with no more at work than allowed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat()), fc.integer({ min: 1, max: 5 }), async (items, limit) => {
      const done: number[] = []
      let now = 0
      await eachAtMost(limit, items, async (item) => {
        expect(++now).toBeLessThanOrEqual(limit)
        await Promise.resolve()
        done.push(item)
        now -= 1
      })
      expect(done.sort()).toEqual(items.sort())
    }),
  )
})
