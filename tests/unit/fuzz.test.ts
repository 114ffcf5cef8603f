/**
 * Selections and metadata of any form: each is taken, or refused by an error of this package. A few thousand of each, or with
 * `DAGMA_TEST_FUZZ_SECONDS` new ones for so long (`npm run fuzz`). What was once found wrong is kept in `fuzz.corpus.json`, and tried first.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSelection } from '../../packages/dagma/src/definitions/selection/parse.ts'
import { DagmaError } from '../../packages/dagma/src/errors.ts'
import type { Metadata } from '../../packages/dagma/src/metadata/metadata-value.ts'
import { normalize } from '../../packages/dagma/src/metadata/normalize.ts'
import { redactValue } from '../../packages/dagma/src/metadata/redaction/redact.ts'

const seconds = Number(process.env.DAGMA_TEST_FUZZ_SECONDS ?? 0)
const corpusFile = new URL('fuzz.corpus.json', import.meta.url)
const corpus: { selections: string[]; metadata: string[] } = JSON.parse(readFileSync(corpusFile, 'utf8'))
const timeout = (seconds + 120) * 1000

interface Target<T> {
  readonly name: keyof typeof corpus
  readonly drawn: fc.Arbitrary<T>
  readonly read: (kept: string) => T
  readonly write: (drawn: T) => string
}

/** Draws until the time is over; keeps what failed, so that it is tried for good. */
function fuzz<T>({ name, drawn, read, write }: Target<T>, attack: (drawn: T) => void): void {
  const long = { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1000 }
  const examples = corpus[name].map((kept): [T] => [read(kept)])
  const outcome = fc.check(fc.property(drawn, attack), { examples, ...(seconds > 0 ? long : { numRuns: 3000 }) })
  if (seconds > 0) console.log(`${name}: ${outcome.numRuns} drawn, seed ${outcome.seed}`)
  if (outcome.failed && outcome.counterexample !== null && seconds > 0) {
    corpus[name].push(write(outcome.counterexample[0]))
    writeFileSync(corpusFile, `${JSON.stringify(corpus, null, 2)}\n`)
  }
  expect(outcome.failed && outcome.errorInstance).toBe(false)
}

/** A selection but for where in the text its parts stand. */
function withoutPlaces(selection: unknown): unknown {
  return JSON.parse(JSON.stringify(selection, (key, value) => (key === 'at' ? undefined : value)))
}

function takenOrRefused<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof DagmaError) return undefined
    throw error
  }
}

const words = [
  'key:',
  'group:',
  'tag:',
  'kind:',
  'owner:',
  'sinks(',
  'roots(',
  'and',
  'or',
  'not',
  '(',
  ')',
  '"',
  '"a b"',
  '+',
  '++',
  '2+',
  '*',
  '=',
  '<null>',
  'a/b',
  'a',
  '\\',
  ' ',
  '\n',
  ',',
  '名',
]
const selections = fc.oneof(
  fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => parts.join('')),
  fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 12 }).map((parts) => parts.join(' ')),
  fc.string({ unit: 'binary' }),
)

test('a selection of any text is read, the same with spaces around it, or is refused', { timeout }, () => {
  fuzz({ name: 'selections', drawn: selections, read: String, write: String }, (text) => {
    const selection = takenOrRefused(() => parseSelection(text))
    if (selection !== undefined) expect(withoutPlaces(parseSelection(`  ${text}\n`))).toEqual(withoutPlaces(selection))
  })
})

const values = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  maxDepth: 4,
})

test('metadata of any form becomes JSON that redaction can go through, or is refused', { timeout }, () => {
  fuzz({ name: 'metadata', drawn: fc.dictionary(fc.string(), values), read: JSON.parse, write: JSON.stringify }, (metadata) => {
    const wire = takenOrRefused(() => normalize(metadata as Metadata))
    if (wire === undefined) return
    const text = JSON.stringify(redactValue(wire))
    expect(typeof JSON.parse(text)).toBe('object')
    expect(text.isWellFormed()).toBe(true)
  })
})
