import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { setEnvironment, thrownBy } from '../../test/temporary.ts'
import { redact } from './redact.ts'
import { secret } from './secret.ts'
import { forgetSecrets, longestSecret, shortSecrets } from './secret-values.ts'

describe('secret', () => {
  test('prints as a mark in every form', () => {
    setEnvironment({ DAGMA_TEST_PRINTED: 'very-secret-value' })
    const made = secret('DAGMA_TEST_PRINTED')
    const forms = [
      String(made),
      `${made}`,
      `${made}x`,
      JSON.stringify({ made }),
      inspect(made),
      inspect({ made }),
      inspect(made, { showHidden: true }),
    ]
    for (const form of forms) {
      expect(form).not.toContain('very-secret-value')
      expect(form).toContain('[redacted]')
    }
    expect(Object.values(made)).toEqual(['DAGMA_TEST_PRINTED'])
    expect(structuredClone({ ...made })).toEqual({ variable: 'DAGMA_TEST_PRINTED' })
  })

  test('is read late, each time', () => {
    const made = secret('DAGMA_TEST_LATE')
    expect(made.isSet).toBe(false)
    setEnvironment({ DAGMA_TEST_LATE: 'value-one' })
    expect(made.isSet).toBe(true)
    expect(made.reveal()).toBe('value-one')
    process.env.DAGMA_TEST_LATE = 'value-two'
    expect(made.reveal()).toBe('value-two')
  })

  test('is refused when it is missing, empty or short', async () => {
    const made = secret('DAGMA_TEST_REFUSED')
    const reveal = () => made.reveal()
    const messages: string[] = []
    for (const value of [undefined, '', '1234567']) {
      setEnvironment({ DAGMA_TEST_REFUSED: value })
      messages.push((await thrownBy(reveal)).message)
    }
    expect(messages).toMatchInlineSnapshot(`
      [
        "The secret DAGMA_TEST_REFUSED is not set. Set the environment variable DAGMA_TEST_REFUSED, for example in the project's .env file. [DAGMA_SECRET_MISSING]",
        "The secret DAGMA_TEST_REFUSED is not set. Set the environment variable DAGMA_TEST_REFUSED, for example in the project's .env file. [DAGMA_SECRET_MISSING]",
        "The secret DAGMA_TEST_REFUSED has fewer than 8 characters, which is too short to redact reliably. Use a longer secret. [DAGMA_SECRET_SHORT]",
      ]
    `)
    setEnvironment({ DAGMA_TEST_REFUSED: '12345678' })
    expect(reveal()).toBe('12345678')
  })

  test('is one for each variable', () => {
    expect(secret('DAGMA_TEST_ONE')).toBe(secret('DAGMA_TEST_ONE'))
  })

  test('is redacted when it is long enough; a short one is named', () => {
    setEnvironment({ DAGMA_TEST_A: 'aaaaaaaa', DAGMA_TEST_B: 'bbbbbbbbbb', DAGMA_TEST_C: 'short' })
    forgetSecrets()
    for (const name of ['A', 'B', 'C', 'E']) secret(`DAGMA_TEST_${name}`)
    expect(redact('aaaaaaaa bbbbbbbbbb short')).toBe('[redacted] [redacted] short')
    expect(shortSecrets()).toContain('DAGMA_TEST_C')
    expect(longestSecret()).toBeGreaterThanOrEqual(10)
  })

  test('gives what in a value is secret by itself', () => {
    setEnvironment({ DAGMA_TEST_PARTS: 'one:first-part,two:second-part,three:short' })
    forgetSecrets()
    const made = secret('DAGMA_TEST_PARTS')
    expect(redact('second-part')).toBe('second-part')
    expect(secret('DAGMA_TEST_PARTS', (value) => value.split(',').map((pair) => pair.split(':')[1] ?? ''))).toBe(made)
    expect(redact('first-part and second-part')).toBe('[redacted] and [redacted]')
  })
})
