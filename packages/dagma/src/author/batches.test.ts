import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batches } from './batches.ts'

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0)

test('batches keep every item in order, are within both limits, and as full as those allow', () =>
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 30 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 60 }),
      (sizes, count, bytes) => {
        const cut = [...batches(sizes, (size) => size, { count, bytes })]
        expect(cut.flat()).toEqual(sizes)
        for (const [index, batch] of cut.entries()) {
          expect(batch.length).toBeGreaterThan(0)
          expect(batch.length).toBeLessThanOrEqual(count)
          if (batch.length > 1) expect(sum(batch)).toBeLessThanOrEqual(bytes)
          const next = cut[index + 1]?.[0]
          if (next !== undefined) expect(batch.length === count || sum(batch) + next > bytes).toBe(true)
        }
      },
    ),
  ))
