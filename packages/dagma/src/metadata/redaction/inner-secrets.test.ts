import { inspect } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { setEnvironment } from '../../test/temporary.ts'
import { redact, redactValue } from './redact.ts'
import { secret } from './secret.ts'
import { forgetSecrets } from './secret-values.ts'

beforeEach(forgetSecrets)

function declare(value: string): void {
  setEnvironment({ DAGMA_TEST_INNER: value })
  forgetSecrets()
  secret('DAGMA_TEST_INNER')
}

// Made up, and in pieces, so that no scanner takes this file for a leak.
const body = [
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj',
  'MzEfYyjiWA4R4ypbHqGC0H0yTDPwXHKRqTfGzhSqF7nGmQ0eLrhRhYwZ0p4kqBvW',
  'q0sB5w==',
]
const pem = (headers = ''): string =>
  ['-----BEGIN PRIVATE KEY-----', headers, ...body, '-----END PRIVATE KEY-----', ''].join('\n').replace('\n\n', '\n')

describe('of a key', () => {
  test('in one line with \\n written out, each line is found when it is unfolded, and in base64 of any width', () => {
    declare(pem().replaceAll('\n', '\\n'))
    for (const line of [...body.slice(0, 2), '-----BEGIN PRIVATE KEY-----']) expect(redact(`key line ${line}`)).toBe('key line [redacted]')
    for (const width of [4, 10, 20, 64, 76]) {
      const wrapped =
        Buffer.from(pem())
          .toString('base64')
          .match(new RegExp(`.{1,${width}}`, 'g')) ?? []
      for (const between of ['\n', ' / ', '\r\n  ']) expect(redact(`wrapped ${wrapped.join(between)}.`).length).toBeLessThan(80)
    }
  })

  test('that is encrypted, the body is found without its headers, in one line too', () => {
    declare(pem('Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123456789ABCDEF\n'))
    expect(redact(body.join(''))).toBe('[redacted]')
    expect(redact(pem('Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123456789ABCDEF\n'))).toBe('[redacted]\n')
  })

  test('that nobody declared, all between its marks is cut out, headers too', () => {
    forgetSecrets()
    expect(redact(pem('Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123456789ABCDEF\n'))).not.toContain(body[0])
    expect(redact(pem('Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123456789ABCDEF\n'))).not.toContain('0123456789ABCDEF')
  })
})

test('of a JSON text, members are found by themselves, pretty-printed and inspected; what is public stays', () => {
  const account = {
    type: 'service_account',
    private_key_id: '3fa94bc1d2',
    private_key: pem(),
    nested: { password: 'correct-horse' },
    pin: 1234567890123456,
  }
  declare(JSON.stringify(account))
  expect(redact(`user ${account.nested.password} ${account.pin} ${account.private_key_id}`)).toBe('user [redacted] [redacted] [redacted]')
  for (const text of [JSON.stringify(account, null, 2), inspect(account, { depth: 5 })])
    for (const line of body.slice(0, 2)) expect(redact(text)).not.toContain(line)
  expect(redact('a service_account')).toBe('a service_account')
  expect(redactValue({ data: [...Buffer.from('correct-horse')], n: 1234567890123456 })).toEqual({ data: '[redacted]', n: '[redacted]' })
})

test.each([
  ['postgres://ann:p%40ss-w0rd%21@db:5432/x', 'p@ss-w0rd!'],
  ['postgres://ann:p%40ss-w0rd%21@db:5432/x', 'p%40ss-w0rd%21'],
  ['redis://:s3cr3t-pass@cache:6379', 's3cr3t-pass'],
  ['Server=db;User Id=ann;Password=s3cr3t;pass-2;', 's3cr3t;pass-2', false],
  ['Server=db;User Id=ann;Password="s3cr3t;pass-2";', 's3cr3t;pass-2'],
  ['ann:s3cr3t-pass@tcp(db:3306)/x', 's3cr3t-pass'],
  ['host=db user=ann password=s3cr3t-pass dbname=x', 's3cr3t-pass'],
  ['DefaultEndpointsProtocol=https;AccountName=x;AccountKey=abcdEFGH1234+/==', 'abcdEFGH1234+/=='],
])('of %s, %s is secret by itself', (value, part, isFound = true) => {
  declare(value)
  expect(redact(`with ${part}.`)).toBe(isFound ? 'with [redacted].' : `with ${part}.`)
})

describe('every value that was seen', () => {
  test('stays secret when its variable is unset or gets another', () => {
    declare('the-first-value')
    secret('DAGMA_TEST_INNER').reveal()
    process.env.DAGMA_TEST_INNER = 'the-second-value'
    expect(redact('the-first-value the-second-value')).toBe('[redacted] [redacted]')
    delete process.env.DAGMA_TEST_INNER
    expect(redact('the-first-value the-second-value')).toBe('[redacted] [redacted]')
  })

  test('is seen by code that keeps the environment, in the next turn of the event loop', async () => {
    const { env } = process
    declare('the-first-value')
    expect(redact('the-first-value')).toBe('[redacted]')
    env.DAGMA_TEST_INNER = 'the-second-value'
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect(redact('the-second-value')).toBe('[redacted]')
  })

  test('is found trimmed, in base64 too', () => {
    declare('  mounted-token-1234\n')
    expect(redact(`a ${Buffer.from('mounted-token-1234').toString('base64')}`)).toBe('a [redacted]')
  })
})

describe("the beginning of a secret in an error of Node's own", () => {
  test.each<readonly [name: string, fail: (value: string) => unknown]>([
    ['of a wrong argument', (value) => Buffer.alloc(value as never)],
    ['of JSON.parse', (value) => JSON.parse(value)],
    ['of JSON.parse, in the middle', (value) => JSON.parse(`{"a": [1, 2, 3], "token": ${value}, "b": 2}`)],
    ['of a URL', (value) => new URL(value)],
    ['of a file', (value) => process.getBuiltinModule('fs').readFileSync(`/${value}`)],
    ['of an invalid date', (value) => process.getBuiltinModule('fs').utimesSync('/', value, value)],
  ])('%s', (_name, fail) => {
    const value = 'tok_Zk3vR8wLx0Qm5nTb7YcHd2Js9Gf4Pa6Ue1'
    declare(value)
    try {
      fail(value)
      expect.unreachable()
    } catch (error) {
      expect(redact(String(error))).not.toContain(value.slice(0, 8))
      expect(redact(inspect(error))).not.toContain(value.slice(0, 8))
    }
  })
})
