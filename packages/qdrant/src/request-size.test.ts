import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sizeBound } from './request-size.ts'

const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.float({ noNaN: true, noDefaultInfinity: true }))
const point = fc.record(
  { id: fc.oneof(fc.maxSafeNat(), fc.uuid()), vector: fc.array(number, { maxLength: 6 }), payload: fc.object({ maxDepth: 1 }) },
  { requiredKeys: ['id', 'vector'] },
)

it('a point is never larger than its bound says', () => {
  fc.assert(
    fc.property(point, (one) => {
      expect(Buffer.byteLength(JSON.stringify(one)) + 1).toBeLessThanOrEqual(sizeBound(one))
    }),
  )
})
