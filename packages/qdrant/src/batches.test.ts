import { eachAtMost } from 'dagma/author'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batches, sizeBound } from './batches.ts'

const point = fc.record(
  {
    id: fc.oneof(fc.maxSafeNat(), fc.uuid()),
    vector: fc.array(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.float({ noNaN: true, noDefaultInfinity: true })), {
      maxLength: 6,
    }),
    payload: fc.object({ maxDepth: 1 }),
  },
  { requiredKeys: ['id', 'vector'] },
)

describe('batches', () => {
  it('hold all points in order, within the limits', () => {
    fc.assert(
      fc.property(
        fc.array(point, { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 2000 }),
        (points, most, bytes) => {
          const cut = [...batches(points, { points: most, bytes })]
          expect(cut.flat()).toEqual(points)
          for (const batch of cut) {
            expect(batch.length).toBeGreaterThan(0)
            expect(batch.length).toBeLessThanOrEqual(most)
            const size = Buffer.byteLength(JSON.stringify({ points: batch })) - '{"points":[]}'.length
            expect(batch.length === 1 || size <= bytes).toBe(true)
          }
        },
      ),
    )
  })

  it('never think a point smaller than it is', () => {
    fc.assert(
      fc.property(point, (one) => {
        expect(Buffer.byteLength(JSON.stringify(one)) + 1).toBeLessThanOrEqual(sizeBound(one))
      }),
    )
  })
})

describe('eachAtMost', () => {
  it('does every item once, with no more at work than allowed', async () => {
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
})
