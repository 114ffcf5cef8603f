import { describe, expect, test } from 'vitest'
import { dagmaError } from '../../errors.ts'
import { MetadataValue } from '../../metadata/metadata-value.ts'
import { normalize } from '../../metadata/normalize.ts'
import { secret } from '../../metadata/redaction/secret.ts'
import { setEnvironment } from '../../test/temporary.ts'
import { gateError, gateMetadata, gateStaticMetadata, gateText, gateValue } from './exit-gate.ts'

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

  test('redacts before it cuts: no half of a secret stays at the cut', () => {
    const value = declared()
    const metadata = { a: `${'x'.repeat(15_990)}${value}` }
    const expected = `${'x'.repeat(15_990)}[redacted]`
    expect(gateStaticMetadata(metadata).a?.raw_value).toBe(expected)
    expect(gateMetadata(normalize(metadata), facts).a?.raw_value).toBe(expected)
  })
})

const facts = { eventType: 'materialization', retryCount: 0, latencyMs: 1, sizeBytes: 1, traceUrl: undefined } as const

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

  test('follows causes, but not for ever', () => {
    const loop = new Error('loop')
    loop.cause = loop
    let depth = 0
    for (let at = gateError(loop).cause; at !== null; at = at.cause) depth++
    expect(depth).toBe(10)
  })

  test.each<[what: string, thrown: unknown, name: string, message: string]>([
    ['text', 'out of paper', 'Error', 'A value that is no Error was thrown: out of paper'],
    ['nothing', undefined, 'Error', 'A value that is no Error was thrown: undefined'],
    ['null', null, 'Error', 'A value that is no Error was thrown: object'],
    ['an object', { secret: 1 }, 'Error', 'A value that is no Error was thrown: object'],
    ['an error with a number for its message', Object.assign(new Error('x'), { message: 42 }), 'Error', '42'],
    ['an error without a name', Object.assign(new Error('x'), { name: undefined, stack: undefined }), 'undefined', 'x'],
  ])('takes whatever is thrown: %s', (_what, thrown, name, message) => {
    expect(gateError(thrown)).toMatchObject({ name, message, cause: null, context: null })
  })
})
