/** Scorers against definitions of their own, written another way. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { llmJudge } from './llm-judge.ts'
import { hitRate, mrr, ndcg, type RelevantIds } from './retrieval-scorers.ts'
import type { Scorer } from './scorer.ts'
import { answerLength, exactMatch, jsonValidity } from './text-scorers.ts'

const signal = new AbortController().signal
const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', '__proto__')
const rankings = fc.record({
  ranking: fc.uniqueArray(id),
  grades: fc.uniqueArray(fc.tuple(id, fc.integer({ min: 1, max: 4 })), { selector: ([one]) => one, minLength: 1, maxLength: 5 }),
  k: fc.integer({ min: 1, max: 8 }),
})

function scored(scorer: Scorer<RelevantIds, readonly string[]>, relevant: RelevantIds['relevant'], output: readonly string[]) {
  return scorer({ example: { relevant }, output, resources: {}, signal })
}

/** All orders of a list. */
function orders<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]]
  return list.flatMap((one, index) => orders(list.toSpliced(index, 1)).map((rest) => [one, ...rest]))
}

describe('scores of rankings', () => {
  test('hit rate: whether the two sets meet', () => {
    fc.assert(
      fc.property(rankings, ({ ranking, grades, k }) => {
        const relevant = grades.map(([one]) => one)
        const both = new Set([...ranking.filter((_, index) => index < k), ...relevant])
        const meet = both.size < Math.min(k, ranking.length) + relevant.length
        expect(scored(hitRate({ k }), relevant, ranking)).toBe(Number(meet))
      }),
    )
  })

  test('MRR: the reciprocal of the least k with a hit', () => {
    fc.assert(
      fc.property(rankings, ({ ranking, grades }) => {
        const relevant = grades.map(([one]) => one)
        const least = [1, 2, 3, 4, 5, 6, 7].find((k) => scored(hitRate({ k }), relevant, ranking) === 1)
        expect(scored(mrr(), relevant, ranking)).toBe(least === undefined ? 0 : 1 / least)
      }),
    )
  })

  test('nDCG: the gain as a share of the greatest gain that any order of the relevant ones has', () => {
    const gain = (ranking: readonly string[], grades: ReadonlyMap<string, number>, k: number): number => {
      let sum = 0
      for (let rank = 1; rank <= Math.min(k, ranking.length); rank++)
        sum += (grades.get(ranking[rank - 1] ?? '') ?? 0) * (Math.LN2 / Math.log(rank + 1))
      return sum
    }
    fc.assert(
      fc.property(rankings, ({ ranking, grades, k }) => {
        const known = new Map(grades)
        const best = Math.max(...orders([...known.keys()]).map((order) => gain(order, known, k)))
        expect(scored(ndcg({ k }), Object.fromEntries(grades), ranking)).toBeCloseTo(gain(ranking, known, k) / best, 9)
      }),
      { numRuns: 60 },
    )
    // By hand: (1/1 + 3/1.585) / (3/1 + 1/1.585)
    expect(scored(ndcg(), { a: 3, b: 1 }, ['b', 'a'])).toBeCloseTo(0.7967, 4)
  })

  test('an id that comes again counts once', () => {
    expect(scored(ndcg(), ['a', 'b'], ['a', 'a', 'a'])).toBeCloseTo(1 / (1 + 1 / Math.log2(3)), 9)
  })

  test('refuse what is not an example of a search', () => {
    expect(() => hitRate({ k: 0 })).toThrow('"k" of hitRate()')
    expect(() => scored(mrr(), [], ['a'])).toThrow('at least one relevant id')
    expect(() => scored(ndcg(), { a: 0 }, ['a'])).toThrow('above 0')
  })
})

describe('scores of texts', () => {
  const of = <Output, Example>(scorer: Scorer<Example, Output>, output: Output, example: Example) =>
    scorer({ output, example, resources: {}, signal })

  test('exact match', () => {
    expect(of(exactMatch<string>(), ' Paris\n', { expected: 'Paris' })).toBe(1)
    expect(of(exactMatch<string>(), 'paris', { expected: 'Paris' })).toBe(0)
    expect(of(exactMatch<unknown>(), { a: [1], b: 2 }, { expected: { b: 2, a: [1] } })).toBe(1)
  })

  test('JSON validity, alone and by a schema', async () => {
    expect(await of(jsonValidity(), '{"a":1}', {})).toBe(1)
    expect(await of(jsonValidity(), 'Here it is: {"a":1}', {})).toBe(0)
    expect(await of(jsonValidity(z.object({ a: z.number() })), '{"a":1}', {})).toBe(1)
    expect(await of(jsonValidity(z.object({ a: z.number() })), '{"a":"1"}', {})).toBe(0)
  })

  test('answer length', () => {
    expect(['', 'a', 'abc', 'abcd'].map((text) => of(answerLength({ max: 3 }), text, {}))).toEqual([0, 1, 1, 0])
    expect(() => answerLength({ min: 3, max: 2 })).toThrow('"max" of answerLength()')
  })
})

describe('the judge', () => {
  const judge = llmJudge<{ question: string }, string>({ criteria: 'It is right.', prompt: ({ output }) => `Answer: ${output}` })
  const graded = (answer: string) => {
    const asked: string[] = []
    const languageModel = {
      generateText: async ({ instructions, prompt }: { instructions: string; prompt: string }) => {
        asked.push(instructions, prompt)
        return { text: answer }
      },
    }
    return { asked, score: judge({ example: { question: '?' }, output: 'Paris', resources: { languageModel }, signal }) }
  }

  test.each([
    ['It is right.\nGrade: 5', 1],
    ['**Grade:** 1', 0],
    ['I would first have said grade 2, but: Grade: 4.', 0.75],
  ])('%j is %s', async (answer, score) => {
    const { asked, score: given } = graded(answer)
    expect([await given, asked[0]?.includes('It is right.'), asked[1]]).toEqual([score, true, 'Answer: Paris'])
  })

  test.each(['Paris is the capital.', 'Grade: 9', 'Grade: 45', 'Grade: 4.5', ''])('%j is not a grade', async (answer) => {
    await expect(graded(answer).score).rejects.toThrow(/^The judge gave no grade from 1 to 5\. Use a model that follows instructions\.$/)
  })
})
