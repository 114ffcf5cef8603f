import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flowAnswer } from './answer.ts'

const asked = { flow: 'f', sessionId: 's' }
const answered = (...outputs: unknown[]) => flowAnswer({ session_id: 'its-own', outputs: [{ inputs: {}, outputs }] }, asked)
const wrapped = (data: object) => ({ text_key: 'text', data, default_value: '' })

describe("LangFlow's answer", () => {
  it.each([
    ['a message', { results: { message: { text: 'hello', data: { text: 'hello' } } } }],
    ['a message as data only', { results: { message: { data: { text: 'hello' } } } }],
    ['a text output', { results: { text: { data: { text: 'hello' } } } }],
    ['an artifact', { results: {}, artifacts: { message: 'hello' } }],
    ['an output of type text', { results: {}, outputs: { output: { message: 'hello', type: 'text' } } }],
    ['data', { results: {}, outputs: { output: { message: { text: 'hello', n: 1 }, type: 'data' } } }],
    ['the list of messages', { messages: [{ message: 'hello', sender: 'Machine' }] }],
  ])('has the text of %s', (_, output) =>
    expect(answered(output)).toMatchObject({
      text: 'hello',
      texts: ['hello'],
      outputs: [{ text: 'hello' }],
      sessionId: 'its-own',
      outputsCount: 1,
    }),
  )

  it('has the text of each output, and counts those without', () =>
    expect(
      answered({ results: { message: { text: 'one' } } }, null, { results: { data: [1] } }, { results: { message: { text: 'two' } } }),
    ).toMatchObject({
      text: 'one',
      texts: ['one', 'two'],
      outputsCount: 4,
    }))

  it.each<[string, unknown, unknown]>([
    ['data', { answer: 42, list: [1, { z: null }] }, { answer: 42, list: [1, { z: null }] }],
    ['a table', [{ a: 1 }, { a: 2, b: null }], [{ a: 1 }, { a: 2, b: null }]],
    ['a list of data', [wrapped({ n: 1 }), wrapped({ text: 'two' })], [{ n: 1 }, { text: 'two' }]],
    ['a list of messages', [{ ...wrapped({ text: 'one' }), text: 'one' }], ['one']],
    ['a number', 7, 7],
    ['nothing', null, null],
  ])('has %s as the value of its output', (_, message, value) => {
    const output = { component: 'Custom-x', name: 'rows', value }
    for (const where of [{ outputs: { rows: { message } } }, { results: { rows: message } }, { artifacts: { rows: { raw: message } } }])
      expect(answered({ component_id: 'Custom-x', ...where })).toMatchObject({ outputs: [output], text: '', outputsCount: 1 })
  })

  it('has all outputs of a component', () =>
    expect(answered({ component_id: 'A', outputs: { text: { message: 'a' }, rows: { message: [{ n: 1 }] } } })).toMatchObject({
      texts: ['a'],
      outputs: [
        { component: 'A', name: 'text', value: 'a' },
        { component: 'A', name: 'rows', value: [{ n: 1 }] },
      ],
    }))

  it('is empty when there is no output', () =>
    expect(flowAnswer({ outputs: [] }, { flow: 'f' })).toEqual({ text: '', texts: [], outputs: [], sessionId: 'f', outputsCount: 0 }))

  it.each([{}, null, 'text', { detail: 'no' }, { outputs: null }, { outputs: {} }, []])('is not %j', (response) =>
    expect(flowAnswer(response, asked)).toMatchObject({ reason: 'the answer is not that of a flow: it has no list of outputs' }),
  )

  it.each([
    ['Agent-x', { error: true, text: 'a secret' }],
    ['Agent-x', wrapped({ error: true, text: 'a secret' })],
    ['<b>', { error: true }],
  ])('is none when component %s gave an error as its message', (component_id, message) =>
    expect(flowAnswer({ outputs: [{ outputs: [{ component_id, results: { message } }] }] }, asked)).toEqual({
      reason: `the component ${component_id === '<b>' ? 'at its end' : component_id} reported an error instead of an answer`,
      hint: "Open the flow in LangFlow's UI and run it there.",
    }),
  )

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
        for (const answer of answers) expect(flowAnswer(answer, asked)).toBeTypeOf('object')
      }),
    ))
})
