import { expect, test } from 'vitest'
import type { ObservedOperation, OperationEnd, TracedContent } from '../metadata/operations.ts'
import { callTracker, trackCalls } from '../metadata/outgoing-calls.ts'
import { secret } from '../metadata/redaction/secret.ts'
import { ServiceError } from '../metadata/service-error.ts'
import { setEnvironment } from '../test/temporary.ts'
import { traceOperation } from './trace-operation.ts'

const text = 'a passage that stays here'
const operation = {
  kind: 'retrieval',
  name: 'find pages',
  system: 'wiki',
  model: 'm',
  facts: { limit: 2 },
  input: () => ({ question: text, email: 'me@example.com' }),
} as const

/** The operations that an instrument receives when an operation does this. */
async function observed<T>(
  content: TracedContent | undefined,
  work: () => Promise<T>,
  resultOf?: Parameters<typeof traceOperation<T>>[2],
): Promise<{ begun: ObservedOperation[]; ends: OperationEnd[]; value: T | Error }> {
  const begun: ObservedOperation[] = []
  const ends: OperationEnd[] = []
  const startCall = () => ({ headers: {}, end: () => {} })
  const tracker = {
    startCall,
    startOperation: (started: ObservedOperation) => {
      begun.push(started)
      return { startCall, content, end: (end: OperationEnd) => void ends.push(end) }
    },
  }
  const value = await trackCalls(tracker, () => traceOperation(operation, work, resultOf)).catch((error: Error) => error)
  return { begun, ends, value }
}

const found = async () => [{ id: 'p1', score: 0.5, text }]
const resultOf = (hits: { id: string; score: number; text: string }[]) => ({
  documents: hits,
  usage: { inputTokens: 3 },
  model: 'm-2',
  facts: { returned: hits.length },
  output: () => hits.map((hit) => hit.text),
})

test('outside of a step the work is done, and nothing else', async () => {
  let asked = 0
  const value = await traceOperation({ ...operation, input: () => ++asked }, found, (hits) => ({
    ...resultOf(hits),
    output: () => ++asked,
  }))
  expect(value).toEqual(await found())
  expect(asked).toBe(0)
})

test('with the content off an instrument gets counts, ids and scores, and no text', async () => {
  const { begun, ends, value } = await observed(undefined, found, resultOf)
  expect(value).toEqual(await found())
  expect(begun).toEqual([{ kind: 'retrieval', name: 'find pages', system: 'wiki', model: 'm', facts: { limit: 2 } }])
  expect(ends).toEqual([
    {
      status: 'success',
      error: undefined,
      usage: { inputTokens: 3 },
      documents: [{ id: 'p1', score: 0.5 }],
      model: 'm-2',
      facts: { returned: 1 },
      content: undefined,
    },
  ])
  expect(JSON.stringify([begun, ends])).not.toContain(text)
})

test('with the content on it gets texts, without personal fields', async () => {
  const { ends } = await observed({ level: 'full', personalFields: ['Email'] }, found, resultOf)
  expect(ends[0]?.content).toEqual({ input: { question: text }, output: [text] })
})

test.each(['summary', 'full'] as const)('texts and lists are bounded: %s', async (level) => {
  const [characters, items] = level === 'summary' ? [200, 10] : [8_000, 100]
  const long = async () => Array.from({ length: 1_000 }, (_, index) => `${index} ${'x'.repeat(20_000)}`)
  const { ends } = await observed({ level, personalFields: [] }, long, (texts) => ({ output: () => texts }))
  const output = ends[0]?.content?.output as string[]
  expect(output).toHaveLength(items + 1)
  expect(output.at(-1)).toBe(`… and ${1_000 - items} more`)
  for (const shown of output) expect(shown.length).toBeLessThanOrEqual(characters + 1)
})

test('no secret is in a content, also where it stands across the cut', async () => {
  setEnvironment({ TRACE_TEST_KEY: 'key-of-the-trace-test-0123456789' })
  const key = secret('TRACE_TEST_KEY').reveal()
  for (let before = 160; before < 205; before++) {
    const leaking = async () => `${'x'.repeat(before)}${key} and more ${'y'.repeat(300)}`
    const { ends } = await observed({ level: 'summary', personalFields: [] }, leaking, (shown) => ({ output: () => ({ [key]: [shown] }) }))
    expect(JSON.stringify(ends)).not.toContain('key-of-t')
  }
})

test('a nested content ends', async () => {
  let nested: object = {}
  for (let depth = 0; depth < 5_000; depth++) nested = { nested }
  const { ends } = await observed(
    { level: 'full', personalFields: [] },
    async () => 1,
    () => ({ output: () => nested as never }),
  )
  expect(JSON.stringify(ends[0]?.content?.output)).toContain('…')
})

test.each([
  ['an error that may say what it was given', new TypeError(`cannot read ${text}`), 'TypeError'],
  [
    'a failed call',
    new ServiceError({ system: 'Wiki', operation: 'find', method: 'GET', url: 'http://w/x', reason: 'it answered 500', hint: 'Wait.' }),
    'Wiki: find failed: GET http://w/x: it answered 500',
  ],
])('%s is described without texts, and thrown', async (_what, thrown, error) => {
  const { ends, value } = await observed({ level: 'full', personalFields: [] }, () => Promise.reject(thrown))
  expect(value).toBe(thrown)
  expect(ends).toMatchObject([{ status: 'failure', error: expect.stringContaining(error) }])
  expect(ends[0]?.error).not.toContain(text)
  expect(ends[0]?.content?.input).toMatchObject({ question: text })
})

test('calls that the work makes belong to the operation', async () => {
  const { value } = await observed(undefined, async () => callTracker()?.startOperation === undefined)
  expect(value).toBe(true) // the observer of the operation, not the step's
})

test('an input that cannot be described breaks nothing', async () => {
  const { ends, value } = await observed({ level: 'full', personalFields: [] }, found, () => {
    throw new Error('no result')
  })
  expect(value).toEqual(await found())
  expect(ends).toMatchObject([{ status: 'success', documents: undefined, content: { input: { question: text }, output: undefined } }])
})
