import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flowAnswer } from './answer.ts'

const asked = { flow: 'f', sessionId: 's' }
const answered = (...outputs: unknown[]) => flowAnswer({ session_id: 'its-own', outputs: [{ inputs: {}, outputs }] }, asked)

describe("LangFlow's answer", () => {
  it.each([
    ['a message', { results: { message: { text: 'hello', data: { text: 'hello' } } } }],
    ['a message as data only', { results: { message: { data: { text: 'hello' } } } }],
    ['a text output', { results: { text: { data: { text: 'hello' } } } }],
    ['an artifact', { results: {}, artifacts: { message: 'hello' } }],
    ['the list of messages', { messages: [{ message: 'hello', sender: 'Machine' }] }],
  ])('has the text of %s', (_, output) =>
    expect(answered(output)).toEqual({ text: 'hello', texts: ['hello'], sessionId: 'its-own', outputsCount: 1 }),
  )

  it('has the text of each output, and counts those without', () =>
    expect(
      answered({ results: { message: { text: 'one' } } }, null, { results: { data: [1] } }, { results: { message: { text: 'two' } } }),
    ).toMatchObject({
      text: 'one',
      texts: ['one', 'two'],
      outputsCount: 4,
    }))

  it('is empty when there is no output', () =>
    expect(flowAnswer({}, { flow: 'f' })).toEqual({ text: '', texts: [], sessionId: 'f', outputsCount: 0 }))

  it('is read whatever comes', () =>
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const answers = [
          value,
          { outputs: value },
          { outputs: [value] },
          { outputs: [{ outputs: value }] },
          { outputs: [{ outputs: [value] }] },
        ]
        for (const answer of answers) expect(typeof flowAnswer(answer, asked).text).toBe('string')
      }),
    ))
})
