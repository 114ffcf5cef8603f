import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dagmaError } from '../../errors.ts'
import { MetadataValue } from '../../metadata/metadata-value.ts'
import { normalize } from '../../metadata/normalize.ts'
import { redactStart } from '../../metadata/redaction/redact.ts'
import { secret } from '../../metadata/redaction/secret.ts'
import { setEnvironment } from '../../test/temporary.ts'
import { gateError, gateMetadata, gateStaticMetadata, gateText, gateValue, reasonOf, type WireError } from './exit-gate.ts'

/** A secret of this test and its value. */
function declared(): string {
  setEnvironment({ DAGMA_TEST_GATED: 'the-"gated"-value' })
  secret('DAGMA_TEST_GATED')
  return 'the-"gated"-value'
}

const leaks = (value: unknown) => JSON.stringify(value).includes('gated\\"')

describe('the exit gate', () => {
  test('lets no secret through, by any door', () => {
    const value = declared()
    const encoded = encodeURIComponent(value)
    const out = [
      gateText(`x${value}`),
      gateValue({ [value]: [value, { deep: encoded }] }),
      gateError(new Error(value, { cause: new TypeError(`caused by ${value}`) })),
      gateStaticMetadata({ [value]: value }),
      gateMetadata(normalize({ a: { b: [value] }, url: MetadataValue.url(`https://h/${encoded}`) }), facts),
    ]
    expect(leaks(out)).toBe(false)
    expect(JSON.stringify(out)).not.toContain(encoded)
    expect(JSON.stringify(out).split('[redacted]')).toHaveLength(11)
  })

  test('lets no secret through that is a number', () => {
    setEnvironment({ DAGMA_TEST_GATED: '73194628' })
    secret('DAGMA_TEST_GATED')
    const metadata = {
      count: 73194628,
      all: { in: [73194628.5, 7] },
      at: MetadataValue.timestamp(1773194628),
      url: MetadataValue.url('http://h/1'),
    }
    expect(gateStaticMetadata(metadata)).toEqual({
      count: { type: 'text', raw_value: '[redacted]' },
      all: { type: 'json', raw_value: { in: ['[redacted]', 7] } },
      at: { type: 'text', raw_value: '[redacted]' },
      url: { type: 'url', raw_value: 'http://h/1' },
    })
    expect(gateValue([73194628])).toEqual(['[redacted]'])
  })

  test('nor where a very long message is cut before it is redacted', () => {
    setEnvironment({ FAR_KEY: 'far-away-secret-9f81' })
    secret('FAR_KEY')
    for (let before = 63_980; before < 70_000; before += 17) {
      const start = redactStart(`${'x'.repeat(before)}far-away-secret-9f81${'y'.repeat(40_000)}`, 64_000)
      expect(start).not.toContain('f')
    }
    expect(gateError(new Error('z'.repeat(1_000_000))).message).toBe(`${'z'.repeat(16_000)}… [cut: 1000000 characters in all]`)
  })

  test('redacts before it cuts: no half of a secret stays at the cut', () => {
    const value = declared()
    const metadata = { a: `${'x'.repeat(15_990)}${value}` }
    const expected = `${'x'.repeat(15_990)}[redacted]`
    expect(gateStaticMetadata(metadata).a?.raw_value).toBe(expected)
    expect(gateMetadata(normalize(metadata), facts).a?.raw_value).toBe(expected)
  })
})

const facts = { eventType: 'materialization', retryCount: 0, latencyMs: 1, sizeBytes: 1, traceUrls: {} } as const

/** Most of what a new error costs is its stack. */
function withoutStack(message: string, cause?: Error): Error {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return new Error(message, { cause })
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

describe('gateError', () => {
  test('keeps the user’s frames and drops those of Node and Dagma', () => {
    const error = new Error('broken')
    error.stack = `Error: broken
    at run (/home/me/project/src/defs.ts:3:9)
    at callUser (${new URL('../step/step-runner.ts', import.meta.url).href}:80:12)
    at process.processTicksAndRejections (node:internal/process/task_queues:103:5)
    at async file:///home/me/project/node_modules/pg/client.js:1:1`
    expect(gateError(error)).toMatchInlineSnapshot(`
      {
        "cause": null,
        "context": null,
        "message": "broken",
        "name": "Error",
        "stack": [
          "    at run (/home/me/project/src/defs.ts:3:9)
      ",
          "    at async file:///home/me/project/node_modules/pg/client.js:1:1
      ",
        ],
      }
    `)
  })

  test('a Dagma error thrown in the user’s code has the line too', () => {
    const error = dagmaError('DAGMA_URL_INVALID', { what: 'It', reason: 'is none' })
    error.stack = `DefinitionError: It is none.\n    at run (/home/me/project/src/defs.ts:3:9)`
    expect(gateError(error).stack).toEqual(['    at run (/home/me/project/src/defs.ts:3:9)\n'])
  })

  /** The messages of an error and of everything that led to it, in order. */
  const messages = (thrown: unknown): string[] => {
    const found: string[] = []
    for (let at: WireError | null = gateError(thrown); at !== null; at = at.cause) found.push(`${at.name}: ${at.message}`)
    return found
  }

  test('each of several errors that led to one is there, once', () => {
    const inner = new TypeError('no row', { cause: 'a text' })
    const several = new AggregateError([new Error('one'), inner, inner], '', { cause: new Error('why') })
    expect(messages(new Error('outer', { cause: several }))).toEqual([
      'Error: outer',
      'AggregateError: 4 errors',
      'Error: (1 of 4) why',
      'Error: (2 of 4) one',
      'TypeError: (3 of 4) no row',
      'Error: A value that is not an Error was thrown: a text',
    ])
    const disposing = Object.assign(new Error('An error was suppressed during disposal'), {
      name: 'SuppressedError',
      suppressed: new Error('of the body'),
      error: new Error('while closing'),
    })
    expect(messages(disposing)).toEqual([
      'SuppressedError: An error was suppressed during disposal',
      'Error: (1 of 2) of the body',
      'Error: (2 of 2) while closing',
    ])
  })

  test('a cycle of causes ends, and so do many errors and long ones', () => {
    const [one, two] = [new Error('one'), new Error('two')]
    one.cause = two
    two.cause = new AggregateError([one, two], 'both')
    expect(messages(one)).toEqual(['Error: one', 'Error: two', 'AggregateError: both'])
    const many = messages(new AggregateError(Array.from({ length: 200_000 }, (_, index) => withoutStack(`number ${index}`))))
    expect(many).toHaveLength(21)
    expect(many.slice(0, 2)).toEqual(['AggregateError: 200000 errors', 'Error: (1 of 200000) number 0'])
    expect(many.at(-1)).toBe('Error: … and more errors')
    const chain = Array.from({ length: 100_000 }).reduce<Error>((cause, _, index) => withoutStack(`${index}`, cause), new Error('first'))
    expect(messages(chain)).toHaveLength(21)
    const long = gateError(Object.assign(new Error('x'.repeat(100_000)), { stack: '    at a (b.ts:1:1)\n'.repeat(1000) }))
    expect(long.message).toHaveLength(16_000 + '… [cut: 100000 characters in all]'.length)
    expect(long.stack).toHaveLength(50)
  })

  test('a message that another one quotes leaves room for what is said around it, and its lines are not frames', () => {
    const error = new Error(`${'x\n    at nowhere (a.ts:1:1)\n'.repeat(10_000)}`)
    const outer = gateError(dagmaError('DAGMA_STEP_FAILED', { step: 'numbers', reason: reasonOf(error) }, error))
    expect(outer.message).toMatch(
      /^Step "numbers" failed: x.+… \[cut: 280000 characters in all\] Fix the error below\. \[DAGMA_STEP_FAILED\]$/su,
    )
    expect(gateError(error).stack.join('')).not.toContain('nowhere')
    expect(gateError(error).stack.join('')).toContain('    at ')
    const value = declared()
    for (const before of [11_900, 15_990, 47_995, 63_995])
      expect(reasonOf(new Error(`${'x'.repeat(before)}${value}${'y'.repeat(99_000)}`))).not.toContain(value.slice(0, 6))
  })

  test('whatever cannot be read is left out, and nothing throws', () => {
    const throwing = {
      get(): never {
        throw new Error('in a getter')
      },
    }
    const cause = Object.defineProperties(new Error('x'), { message: throwing, name: throwing, stack: throwing, cause: throwing })
    expect(messages(new Error('outer', { cause }))).toEqual(['Error: outer', 'Error: '])
    const bare = Object.assign(new Error('x'), { message: Object.create(null) })
    expect(messages(new Error('outer', { cause: bare }))).toEqual(['Error: outer', 'Error: a message that is not text'])
    expect(messages({ name: 'ApiError', message: 'quota is used up', code: 429, cause: { message: 'too many' } })).toEqual([
      'ApiError: quota is used up',
      'Error: too many',
    ])
    fc.assert(fc.property(fc.anything(), (thrown) => messages(thrown).length > 0))
    fc.assert(
      fc.property(fc.record({ message: fc.anything(), name: fc.anything(), errors: fc.anything(), cause: fc.anything() }), (thrown) => {
        expect(messages(Object.assign(new Error('x'), thrown)).length).toBeLessThan(22)
      }),
    )
  })

  test.each<[what: string, thrown: unknown, name: string, message: string]>([
    ['text', 'out of paper', 'Error', 'A value that is not an Error was thrown: out of paper'],
    ['nothing', undefined, 'Error', 'A value that is not an Error was thrown: undefined'],
    ['null', null, 'Error', 'A value that is not an Error was thrown: object'],
    ['an object', { secret: 1 }, 'Error', 'A value that is not an Error was thrown: object'],
    ['an error with a number for its message', Object.assign(new Error('x'), { message: 42 }), 'Error', '42'],
    ['an error without a name', Object.assign(new Error('x'), { name: undefined, stack: undefined }), 'Error', 'x'],
  ])('takes whatever is thrown: %s', (_what, thrown, name, message) => {
    expect(gateError(thrown)).toMatchObject({ name, message, cause: null, context: null })
  })
})
