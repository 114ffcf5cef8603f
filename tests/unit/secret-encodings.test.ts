import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { redact } from '../../packages/dagma/src/metadata/redaction/redact.ts'
import { secret } from '../../packages/dagma/src/metadata/redaction/secret.ts'
import { forgetSecrets } from '../../packages/dagma/src/metadata/redaction/secret-values.ts'
import { encodings, pieces, piecesIn } from '../support/encodings.ts'

const variable = 'DAGMA_TEST_ENCODED'

beforeEach(forgetSecrets)
afterEach(() => {
  delete process.env[variable]
  forgetSecrets()
})

function declare(value: string): void {
  forgetSecrets()
  process.env[variable] = value
  secret(variable)
}

/** Values as keys, tokens and passwords are: at least half of it letters and digits that stand for themselves. */
const plain = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789')
const special = fc.constantFrom(...'"\'\\/ ~!*()&<>%+=:;?#@[]{}|^`$.-_,éß漢😀')
const secretValue = fc
  .tuple(fc.array(plain, { minLength: 12, maxLength: 30 }), fc.array(special, { maxLength: 8 }), fc.nat())
  .map(([letters, specials, seed]) => {
    const all = [...letters]
    for (const [index, character] of specials.entries()) all.splice((seed + index * 7) % (all.length + 1), 0, character)
    return all.join('').trim()
  })
  .filter((value) => value.length >= 12)
const start = fc.constantFrom('', 'a ', '"', '(', 'Bearer ', 'token: ', '{"token": "', 'https://example.com/?', '\n')
const end = fc.constantFrom('', ' and more', '", ', ')', '\n')

const names = Object.keys(encodings)
/** A decoder that also resolves escapes counts as one encoding. */
const nestable = names.filter((name) => !['a list of characters', 'spaced characters'].includes(name))
/** Node shows only the first bytes of these: too little of another encoding to find out what it holds. */
const outer = nestable.filter((name) => !['a buffer, inspected', 'an array of bytes, inspected'].includes(name))
const encode = (name: string, text: string): string => encodings[name]?.(text) ?? ''

/** Finds `value` in what is left of `text` after redaction by taking the encodings off again would need decoders; what was cut out says as much. */
function expectCut(value: string, written: string): void {
  declare(value)
  const result = redact(written)
  expect(result).toContain('[redacted]')
  // Whatever is left is shorter by what wrote the secret: no encoding writes it in fewer characters than it has.
  const core = value.replace(/[\s"'\\]/g, '') // quotes and the like at its ends may stay
  expect(result.replaceAll('[redacted]', '').length).toBeLessThanOrEqual(written.length - core.length)
}

describe('a secret in an encoding', () => {
  test.each(names)('%s', (name) => {
    fc.assert(
      fc.property(secretValue, start, end, (value, before, after) => expectCut(value, before + encode(name, value) + after)),
      { numRuns: 30 },
    )
  })
})

/** Texts that were once let through, tried first each time. `npm run fuzz` adds its findings. */
const corpusFile = new URL('secret-encodings.corpus.json', import.meta.url)
type Nested = [value: string, before: string, after: string, inner: string, outer: string]
const corpus: Nested[] = JSON.parse(readFileSync(corpusFile, 'utf8'))
const seconds = Number(process.env.DAGMA_TEST_FUZZ_SECONDS ?? 0)

test('a secret with others around it in two encodings, one in the other', { timeout: (seconds + 120) * 1000 }, () => {
  const nested = fc.property(
    secretValue,
    start,
    end,
    fc.constantFrom(...nestable),
    fc.constantFrom(...outer),
    (...[value, before, after, inner, outer]) => expectCut(value, encode(outer, before + encode(inner, before + value + after) + after)),
  )
  const long = { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1000 }
  const outcome = fc.check(nested, { examples: corpus, ...(seconds > 0 ? long : { numRuns: 1500 }) })
  if (outcome.failed && outcome.counterexample !== null && seconds > 0)
    writeFileSync(corpusFile, `${JSON.stringify([...corpus, outcome.counterexample], null, 2)}\n`)
  expect(outcome.failed && outcome.errorInstance).toBe(false)
})

test('a text of many lines, each in its own encoding, as a whole and in another encoding', () => {
  const value = 'Cn1r"y\\/+&%=~ abcdefghijklmnopqrstuvw#9Zq'
  const known = pieces(value)
  const wholes = ['plain', 'JSON', 'JSON in JSON', 'URL component', 'base64', 'hexadecimal', 'HTML text']
  fc.assert(
    fc.property(fc.shuffledSubarray(names, { minLength: 2 }), fc.constantFrom(...wholes), (chosen, whole) => {
      declare(value)
      const text = chosen.map((name, index) => `line ${index}: ${encode(name, value)}`).join('\n')
      expect(piecesIn(redact(encode(whole, text)), known)).toEqual([])
    }),
    { numRuns: 200 },
  )
})
