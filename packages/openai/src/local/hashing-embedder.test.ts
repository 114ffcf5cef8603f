import fc from 'fast-check'
import { expect, test } from 'vitest'
import { embedDocuments, embedQuery } from './hashing-embedder.ts'

test('vectors hold no -0, which JSON would lose, also where opposite features nearly cancel out', () => {
  const text = fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 30 }).map((words) => words.join(' '))
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 3 }), (texts) => {
      for (const vector of [...embedDocuments(texts, 2), embedQuery(texts.join(' '), 2)])
        expect(vector.filter((number) => Object.is(number, -0))).toEqual([])
    }),
    { numRuns: 2000 },
  )
})
