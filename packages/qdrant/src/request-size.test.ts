import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sizeBound } from './request-size.ts'

const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.float({ noNaN: true, noDefaultInfinity: true }))
const dense = fc.array(number, { maxLength: 6 })
const sparse = fc
  .array(fc.tuple(fc.nat(2 ** 32 - 1), number), { maxLength: 20, size: 'max' })
  .map((pairs) => ({ indices: pairs.map(([index]) => index), values: pairs.map(([, value]) => value) }))
const vectors = fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(dense, sparse), { maxKeys: 4 })
const point = fc.record(
  { id: fc.oneof(fc.maxSafeNat(), fc.uuid()), vector: fc.oneof(dense, vectors), payload: fc.object({ maxDepth: 1 }) },
  { requiredKeys: ['id', 'vector'] },
)

it('a point is never larger than its bound says', () => {
  fc.assert(
    fc.property(point, (one) => {
      expect(Buffer.byteLength(JSON.stringify(one)) + 1).toBeLessThanOrEqual(sizeBound(one))
    }),
  )
})
