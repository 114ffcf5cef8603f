/** The bootstrap against cases whose answer is known, and the verdicts that follow. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareScores } from './compare.ts'
import { fewestPairs, pairedBootstrap } from './paired-bootstrap.ts'
import { seededRandom } from './random.ts'
import type { ExampleScores } from './scores.ts'

const options = { confidence: 0.95, seed: 7 }

/** Evaluations with one scorer. */
function evaluationOf(scores: readonly number[], scorer = 'score'): ExampleScores[] {
  return scores.map((score, index) => ({ id: `e${index}`, digest: 'd', scores: { [scorer]: score } }))
}

describe('random numbers', () => {
  test('are the same for a seed, differ between seeds, and are spread evenly', () => {
    const draw = (seed: number) => Array.from({ length: 20_000 }, seededRandom(seed))
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1).slice(0, 8)).not.toEqual(draw(2).slice(0, 8))
    const tenths = Object.values(Object.groupBy(draw(3), (number) => Math.floor(number * 10)))
    expect(tenths).toHaveLength(10)
    // Of 2,000 expected in each, five standard deviations are 212.
    for (const tenth of tenths) expect(Math.abs((tenth?.length ?? 0) - 2000)).toBeLessThan(212)
  })
})

describe('the bootstrap', () => {
  test('of differences that are all the same has no width', () => {
    const { mean, low, high } = pairedBootstrap(Array(12).fill(-0.25), options)
    expect([mean, low, high]).toEqual([-0.25, -0.25, -0.25])
  })

  test('of normal differences has the bounds of the textbook', () => {
    // 400 quantiles of a normal distribution, approximately: the sum of 12 uniform numbers, minus 6.
    const random = seededRandom(11)
    const draws = Array.from({ length: 400 }, () => Array.from({ length: 12 }, random).reduce((sum, one) => sum + one, -6))
    const { mean, low, high } = pairedBootstrap(draws, options)
    const deviation = Math.sqrt(draws.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (draws.length - 1))
    const standardError = deviation / Math.sqrt(draws.length)
    expect((mean - low) / standardError).toBeCloseTo(1.645, 0.9)
    expect((high - mean) / standardError).toBeCloseTo(1.645, 0.9)
  })

  test('of one worse example among n: the chance that it is drawn is known', () => {
    // In 1 − (1 − 1/n)^n of the resamples it is there, which is 65 % for 10: the interval touches zero at 70 %, and does not at 60 %.
    const differences = [-1, ...Array(9).fill(0)]
    expect(pairedBootstrap(differences, { confidence: 0.7, seed: 1 }).high).toBeGreaterThanOrEqual(-1e-9)
    expect(pairedBootstrap(differences, { confidence: 0.6, seed: 1 }).high).toBeLessThan(-0.01)
  })

  test('bounds lie around the mean, mirror with the differences, and move with them', () => {
    const differences = fc.array(
      fc.integer({ min: -100, max: 100 }).map((one) => one / 100),
      { minLength: 5, maxLength: 20 },
    )
    fc.assert(
      fc.property(differences, (some) => {
        const { mean, low, high } = pairedBootstrap(some, options)
        expect(low).toBeLessThanOrEqual(mean + 1e-9)
        expect(high).toBeGreaterThanOrEqual(mean - 1e-9)
        const mirrored = pairedBootstrap(
          some.map((one) => -one),
          options,
        )
        expect([mirrored.low, mirrored.high].map((one) => -one)).toEqual([expect.closeTo(high, 9), expect.closeTo(low, 9)])
        const moved = pairedBootstrap(
          some.map((one) => one + 1),
          options,
        )
        expect([moved.low, moved.high]).toEqual([expect.closeTo(low + 1, 9), expect.closeTo(high + 1, 9)])
      }),
      { numRuns: 15 },
    )
  })

  test('the fewest pairs: with fewer, chance alone makes all of them worse too often', () => {
    expect([0.5, 0.75, 0.9, 0.95, 0.99].map(fewestPairs)).toEqual([1, 2, 4, 5, 7])
  })
})

describe('the comparison', () => {
  const tolerance = { maxDrop: 0.01, confidence: 0.95 }
  const verdict = (before: readonly number[], after: readonly number[], given = tolerance) =>
    compareScores(evaluationOf(before), evaluationOf(after), given).get('score')?.verdict

  test('what is the same, worse, better, and too little to know', () => {
    const good = Array(40).fill(1)
    expect(verdict(good, good)).toBe('same')
    expect(verdict(good, [0, ...good.slice(1)])).toBe('same')
    expect(verdict(good, [0, 0, 0, 0, 0, ...good.slice(5)])).toBe('worse')
    expect(verdict([0, 0, 0, 0, 0, ...good.slice(5)], good)).toBe('better')
    expect(verdict([1, 1, 1, 1], [0, 0, 0, 0])).toBe('unknown')
    expect(verdict([1, 1, 1, 1, 1], [0, 0, 0, 0, 0])).toBe('worse')
  })

  test('a drop within maxDrop is not worse, however sure it is', () => {
    const [before, after] = [Array(40).fill(0.8), Array(40).fill(0.75)]
    expect(verdict(before, after)).toBe('worse')
    expect(verdict(before, after, { maxDrop: 0.05, confidence: 0.95 })).toBe('same')
  })

  test('pairs are examples with the same id and content, in any order', () => {
    const before = evaluationOf([1, 1, 1, 1, 1, 1])
    const after = evaluationOf([0, 0, 0, 0, 0, 0]).reverse()
    expect(compareScores(before, after, tolerance).get('score')).toMatchObject({ pairs: 6, mean: -1, verdict: 'worse' })
    const edited = after.map((example, index) => (index < 4 ? { ...example, digest: 'other' } : example))
    expect(compareScores(before, edited, tolerance).get('score')).toMatchObject({ pairs: 2, verdict: 'unknown', bounds: undefined })
    expect(
      compareScores(
        before,
        evaluationOf([0]).map((example) => ({ ...example, id: 'new' })),
        tolerance,
      ).size,
    ).toBe(0)
  })

  test('a scorer that one of both lacks is left out; with more scorers each needs more confidence', () => {
    const before = evaluationOf([1, 1, 1, 1, 1])
    expect([...compareScores(before, evaluationOf([1, 1, 1, 1, 1], 'other'), tolerance)]).toEqual([])
    const two = (scores: readonly number[]) => evaluationOf(scores).map((one) => ({ ...one, scores: { a: one.scores.score ?? 0, b: 1 } }))
    // Five pairs are enough at 95 %, not at 97.5 %.
    expect(compareScores(two([1, 1, 1, 1, 1]), two([0, 0, 0, 0, 0]), tolerance).get('a')?.verdict).toBe('unknown')
    expect(compareScores(two([1, 1, 1, 1, 1, 1]), two([0, 0, 0, 0, 0, 0]), tolerance).get('a')?.verdict).toBe('worse')
  })
})
