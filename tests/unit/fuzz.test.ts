/**
 * Selections, metadata and messages to a worker of any form: each is taken, or refused by an error of this package. A few thousand of each, or with
 * `DAGMA_TEST_FUZZ_SECONDS` new ones for so long (`npm run fuzz`). What was once found wrong is kept in `fuzz.corpus.json`, and tried first.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMessage } from '../../packages/dagma/src/dagster/host/to-worker.ts'
import { encodeParam } from '../../packages/dagma/src/dagster/pipes/protocol.ts'
import { parseSelection } from '../../packages/dagma/src/definitions/selection/parse.ts'
import { DagmaError } from '../../packages/dagma/src/errors.ts'
import type { Metadata } from '../../packages/dagma/src/metadata/metadata-value.ts'
import { normalize } from '../../packages/dagma/src/metadata/normalize.ts'
import { redactValue } from '../../packages/dagma/src/metadata/redaction/redact.ts'
import { pipesContext } from '../../packages/dagma/src/test/pipes-context.ts'

const seconds = Number(process.env.DAGMA_TEST_FUZZ_SECONDS ?? 0)
const corpusFile = new URL('fuzz.corpus.json', import.meta.url)
const corpus: { selections: string[]; metadata: string[]; messages: string[] } = JSON.parse(readFileSync(corpusFile, 'utf8'))
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

const golden = readFileSync(new URL('../../protocol/golden/to-worker.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
const extras = {
  step_name: 'a',
  config: { n: 1 },
  selected: ['a'],
  run_tags: { t: 'v' },
  dynamic_partitions: { p: ['k'] },
  run_started: 1,
  is_whole_run: true,
  partition_keys: ['k'],
  resumed_run_ids: ['r'],
}
const context = pipesContext({ extras: { dagma: extras } })

/** Data of which one member, anywhere in it, is another value, is missing or is there twice. */
function changed(data: unknown, at: number, change: (holder: { [name: string]: unknown }, name: string) => unknown): unknown {
  const copy: unknown = structuredClone(data)
  const places: (readonly [holder: { [name: string]: unknown }, name: string])[] = []
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [name, member] of Object.entries(value)) {
      places.push([value as { [name: string]: unknown }, name])
      walk(member)
    }
  }
  walk(copy)
  const place = places[at % places.length]
  if (place !== undefined) change(...place)
  return copy
}

type Change = Parameters<typeof changed>[2]
const changes = fc.oneof(
  fc.jsonValue().map(
    (value): Change =>
      (holder, name) =>
        Object.assign(holder, { [name]: value }),
  ),
  fc.constant<Change>((holder, name) => Reflect.deleteProperty(holder, name)),
  fc.constant<Change>((holder, name) => Object.assign(holder, { [name]: [holder[name], holder[name]] })),
)
const asLine = (context: unknown): string =>
  JSON.stringify({
    type: 'run_step',
    step: '1',
    params: { DAGSTER_PIPES_CONTEXT: encodeParam({ data: context }), DAGSTER_PIPES_MESSAGES: '' },
  })
const messages = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc
    .tuple(fc.constantFrom(...golden), fc.nat(), changes)
    .map(([line, at, change]) => JSON.stringify(changed(JSON.parse(line), at, change))),
  fc.tuple(fc.nat(), changes).map(([at, change]) => asLine(changed(context, at, change))),
)

test('a message to a worker of any form is read as it stands, or is refused', { timeout }, () => {
  expect(readMessage(asLine(context))).toMatchObject({ type: 'run_step', step: '1', context, extras })
  fuzz({ name: 'messages', drawn: messages, read: String, write: String }, (line) => {
    const message = takenOrRefused(() => readMessage(line))
    if (message === undefined) return
    if (message.type !== 'end_run' && message.type !== 'run_failed' && message.type !== 'observe_end')
      expect(message.step).toBeTypeOf('string')
    if (message.type !== 'run_step') expect(JSON.parse(line)).toMatchObject(message)
    else expect(message.extras.resumed_run_ids.every((id) => typeof id === 'string')).toBe(true)
  })
})
