import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAnswer } from './answer.ts'

const vectors = [
  [1, 2],
  [3, 4],
  [5, -0.5],
]
const base64 = (numbers: readonly number[]) => Buffer.from(new Float32Array(numbers).buffer).toString('base64')

describe("an endpoint's answer", () => {
  it.each<[form: string, items: readonly object[]]>([
    ['indexes in order', vectors.map((embedding, index) => ({ index, embedding }))],
    ['indexes in another order', vectors.map((embedding, index) => ({ index, embedding })).toReversed()],
    ['indexes as text', vectors.map((embedding, index) => ({ index: String(index), embedding })).toReversed()],
    ['no index', vectors.map((embedding) => ({ embedding }))],
    ['null for each index', vectors.map((embedding) => ({ index: null, embedding }))],
    ['the index 0 left out', vectors.map((embedding, index) => (index === 0 ? { embedding } : { index, embedding }))],
    [
      'the index 0 left out, in another order',
      vectors.map((embedding, index) => ({ ...(index > 0 && { index }), embedding })).toReversed(),
    ],
    ['base64', vectors.map((embedding, index) => ({ index, embedding: base64(embedding) }))],
    ['base64 without padding', vectors.map((embedding, index) => ({ index, embedding: base64(embedding).replace(/=+$/, '') }))],
  ])('is read with %s', (_form, data) => {
    expect(readAnswer({ data }, 3)).toEqual({ vectors, usage: undefined })
  })

  it('is read whatever comes', () =>
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.array(fc.record({ index: fc.jsonValue(), embedding: fc.jsonValue() }), { maxLength: 3 }),
        (any, data) => {
          for (const answer of [any, { data: any }, { data }]) expect(readAnswer(answer, data.length)).toBeTypeOf('object')
        },
      ),
    ))

  it('has the numbers that base64 stands for', () =>
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 20 }), (numbers) => {
        expect(readAnswer({ data: [{ embedding: base64(numbers) }] }, 1)).toEqual({ vectors: [numbers], usage: undefined })
      }),
    ))
})
