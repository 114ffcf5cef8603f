/** Evaluations on the embedded engine: what passes, what is accepted, and what is blocked. */
import { describe, expect, expectTypeOf, test } from 'vitest'
import { asset, definitions, type MaterializeOptions, materialize, resource, staticPartitions } from '../index.ts'
import { temporaryFolder } from '../test/temporary.ts'
import { evaluation } from './evaluation.ts'
import { hitRate } from './retrieval-scorers.ts'
import { exactMatch } from './text-scorers.ts'

/** The value of the asset; a run materializes it, so that the next evaluation sees it. */
let answers: Record<string, string> = {}

const countries = Array.from({ length: 20 }, (_, index) => ({ id: `country-${index}`, country: `c${index}`, expected: `capital ${index}` }))
const right = Object.fromEntries(countries.map(({ country, expected }) => [country, expected]))
/** The right answers, but for those to the first examples. */
const withWrong = (count: number) => ({
  ...right,
  ...Object.fromEntries(countries.slice(0, count).map(({ country }) => [country, 'wrong'])),
})

const capitals = asset({ key: 'geo/capitals', run: () => answers })
const report = asset({ key: 'report', inputs: { capitals }, run: ({ inputs }) => Object.keys(inputs.capitals).length })
const quality = evaluation({
  asset: capitals,
  name: 'quality',
  dataset: countries,
  run: async ({ example, load }) => (await load())[example.country] ?? '',
  scorers: { exact: exactMatch(), answered: ({ output }) => (output === '' ? 0 : 1) },
  threshold: { answered: 0.9 },
  blocking: true,
})
const project = definitions({ assets: [capitals, report], checks: [quality] })

async function evaluated(folder: string, given: Record<string, string>, options: MaterializeOptions = {}, of = project) {
  answers = given
  const run = await materialize(of, { projectFolder: folder, ...options })
  const event = run.events.find((one) => one.type === 'ASSET_CHECK_EVALUATION')
  if (event?.type !== 'ASSET_CHECK_EVALUATION') throw new Error(`no evaluation: ${JSON.stringify(run.events)}`)
  const { metadata, description, passed } = event
  const figure = (key: string) => metadata[key]?.raw_value
  return { status: run.status, isReported: run.materializations.has('report'), passed, description, metadata, figure, runId: run.runId }
}

describe('an evaluation', () => {
  test('that is the first is accepted; later ones are compared with it, also across runs', async () => {
    const folder = temporaryFolder()
    const first = await evaluated(folder, right)
    expect(first).toMatchObject({ status: 'SUCCESS', isReported: true, passed: true })
    expect(first.description).toBe(
      'exact 1.000, answered 1.000 over 20 examples. Accepted, as the first one: later ones are compared with it.',
    )
    expect(first.metadata).toMatchObject({
      exact: { type: 'float', raw_value: 1 },
      examples_count: { type: 'int', raw_value: 20 },
      compared_count: { type: 'int', raw_value: 0 },
      scores: { type: 'table' },
    })
    const second = await evaluated(folder, withWrong(1))
    expect(second).toMatchObject({ passed: true, description: 'exact 0.950, answered 1.000 over 20 examples.' })
    expect(second.figure('accepted_run_id')).toBe(first.runId)
    expect(second.figure('compared_count')).toBe(20)
  })

  test('that has dropped beyond noise fails, and blocks what is downstream, each time until it is accepted', async () => {
    const folder = temporaryFolder()
    await evaluated(folder, right)
    const worse = await evaluated(folder, withWrong(8))
    expect(worse).toMatchObject({ status: 'FAILURE', isReported: false, passed: false })
    expect(worse.description).toMatch(
      /^exact 0\.600, answered 1\.000 over 20 examples\. exact has dropped by 0\.400, by at least 0\.\d{3} with 95 % confidence, which is more than 0\.01\. If that is meant, accept it: `dagma eval geo\/capitals --accept`\.$/,
    )
    expect(worse.figure('dropped_examples')).toMatchObject({ records: Array(8).fill({ scorer: 'exact', score: 0, accepted: 1 }) })
    expect(await evaluated(folder, withWrong(8))).toMatchObject({ passed: false })
    const accepted = await evaluated(folder, withWrong(8), { tags: { 'dagma/accept': 'true' } })
    expect(accepted).toMatchObject({ status: 'SUCCESS', isReported: true, passed: true })
    expect(accepted.description).toContain('Accepted, as the run asked for.')
    expect((await evaluated(folder, withWrong(8))).figure('accepted_run_id')).toBe(accepted.runId)
  })

  test('that has risen beyond noise says how to measure from there, and does not do so by itself', async () => {
    const folder = temporaryFolder()
    await evaluated(folder, withWrong(8))
    const better = await evaluated(folder, right)
    expect(better).toMatchObject({ passed: true })
    expect(better.description).toContain(
      'exact has risen by 0.400, which is beyond noise. To measure from there: `dagma eval geo/capitals --accept`.',
    )
    expect(await evaluated(folder, withWrong(8))).toMatchObject({ passed: true })
  })

  test('below a threshold fails and is never accepted, not even when it is asked for', async () => {
    const folder = temporaryFolder()
    const empty = Object.fromEntries(countries.slice(0, 5).map(({ country }) => [country, '']))
    const first = await evaluated(folder, { ...right, ...empty })
    expect(first).toMatchObject({ passed: false })
    expect(first.description).toBe('exact 0.750, answered 0.750 over 20 examples. answered is 0.750, below its threshold 0.9.')
    const asked = await evaluated(folder, { ...right, ...empty }, { tags: { 'dagma/accept': 'true' } })
    expect(asked.description).toContain('It is not accepted: lower the threshold first.')
    expect((await evaluated(folder, right)).description).toContain('as the first one')
  })

  test('of another dataset is compared over the examples that both have', async () => {
    const folder = temporaryFolder()
    const withDataset = (dataset: typeof countries) =>
      definitions({
        assets: [capitals],
        checks: [
          evaluation({
            asset: capitals,
            name: 'quality',
            dataset: () => dataset,
            run: async ({ example, load }) => (await load())[example.country] ?? '',
            scorers: { exact: exactMatch() },
          }),
        ],
      })
    await evaluated(folder, right, {}, withDataset(countries))
    const edited = countries.map((one, index) => (index < 12 ? { ...one, expected: 'other' } : one))
    const second = await evaluated(folder, right, {}, withDataset(edited))
    expect(second).toMatchObject({ passed: true })
    expect(second.figure('compared_count')).toBe(8)
    const third = await evaluated(folder, right, {}, withDataset(edited.slice(0, 14)))
    expect(third.description).toContain('Too few of the examples are in the accepted evaluation to tell a change from noise (2).')
  })

  test('of each partition has its own accepted one', async () => {
    const folder = temporaryFolder()
    const regional = asset({ key: 'regional', partitions: staticPartitions(['eu', 'us']), run: () => answers })
    const checks = [
      evaluation({
        asset: regional,
        name: 'quality',
        dataset: countries,
        run: async ({ example, load }) => (await load())[example.country] ?? '',
        scorers: { exact: exactMatch() },
      }),
    ]
    const regions = definitions({ assets: [regional], checks })
    await evaluated(folder, right, { partitionKey: 'eu' }, regions)
    expect((await evaluated(folder, withWrong(8), { partitionKey: 'us' }, regions)).description).toContain('as the first one')
    expect(await evaluated(folder, withWrong(8), { partitionKey: 'eu' }, regions)).toMatchObject({ passed: false })
  })

  test('loads the value once, and runs as many examples concurrently as it may', async () => {
    let [running, most, opened] = [0, 0, 0]
    const counter = resource({ open: (_: object) => ({ opened: ++opened }) })
    const wide = evaluation({
      asset: capitals,
      name: 'wide',
      resources: { counter },
      dataset: countries,
      run: async ({ example, load, resources }) => {
        most = Math.max(most, ++running)
        const value = await load()
        await Promise.resolve()
        running -= 1
        return [value[example.country] ?? '', `opened ${resources.counter.opened}`]
      },
      scorers: {
        found: ({ example, output, ...rest }) => hitRate({ k: 1 })({ ...rest, output, example: { relevant: [example.expected] } }),
      },
      concurrency: 3,
    })
    const loads: string[] = []
    const ioManager = {
      handleOutput: async () => ({}),
      loadInput: async ({ assetKey }: { assetKey: readonly string[] }) => {
        loads.push(assetKey.join('/'))
        return assetKey.length === 2 ? { value: right } : undefined
      },
    }
    const only = definitions({
      assets: [capitals],
      checks: [wide],
      resources: { counter: counter({}) },
      ioManagers: { default: ioManager },
    })
    const { passed, figure } = await evaluated(temporaryFolder(), right, {}, only)
    expect([passed, figure('found'), most, opened, loads]).toEqual([true, 1, 3, 1, ['geo/capitals/@wide', 'geo/capitals']])
  })

  test('fails when a scorer gives something else than a score, or an example fails', async () => {
    const broken = (score: number) =>
      definitions({
        assets: [capitals],
        checks: [evaluation({ asset: capitals, name: 'broken', dataset: countries, run: () => '', scorers: { length: () => score } })],
      })
    const messages = async (score: number) => {
      const run = await materialize(broken(score), { projectFolder: temporaryFolder() })
      return [run.status, ...run.events.flatMap((event) => (event.type === 'STEP_FAILURE' ? event.error.message : []))]
    }
    const [status, message] = await messages(17)
    expect([status, message]).toEqual([
      'FAILURE',
      expect.stringContaining('"length" gave 17 for the example "country-0": a score is a number from 0 to 1'),
    ])
    expect((await messages(Number.NaN))[0]).toBe('FAILURE')
  })
})

describe('what evaluation() refuses', () => {
  const base = { asset: 'a', name: 'quality', dataset: [{ id: 'one' }], run: () => '', scorers: { exact: () => 1 } }
  test.each<[string, object]>([
    ['option "dataset" of evaluation() has no examples', { dataset: [] }],
    [
      'option "dataset" of evaluation() has an example without an id, which must be text, at position 2',
      { dataset: [{ id: 'one' }, { question: '' }] },
    ],
    ['option "dataset" of evaluation() has two examples with the id "one"', { dataset: [{ id: 'one' }, { id: 'one' }] }],
    ['option "scorers" of evaluation() must have at least one function, by name', { scorers: {} }],
    ['option "scorers" of evaluation() has "hit-rate": a name has letters, digits and "_"', { scorers: { 'hit-rate': () => 1 } }],
    ['option "scorers" of evaluation() has "scores": a name', { scorers: { scores: () => 1 } }],
    ['option "threshold" of evaluation() must be from 0 to 1', { threshold: 80 }],
    ['option "threshold" of evaluation() must be from 0 to 1', { threshold: { exact: 80 } }],
    ['option "threshold" of evaluation() has "exakt", which is not one of the scorers: exact', { threshold: { exakt: 0.8 } }],
    ['option "maxDrop" of evaluation() must be a number from 0 to 1', { maxDrop: 5 }],
    ['option "confidence" of evaluation() must be a number above 0.5 and below 1', { confidence: 95 }],
    ['option "concurrency" of evaluation() must be an integer of at least 1', { concurrency: 0 }],
    ['evaluation() has no option "maxdrop". Did you mean "maxDrop"?', { maxdrop: 0.1 }],
  ])('%s', (message, options) => {
    expect(() => evaluation({ ...base, ...options })).toThrow(message)
  })

  test('scorers that do not fit the output or the resources, and thresholds of no scorer, do not compile', () => {
    const options = { asset: capitals, name: 'typed', dataset: [{ id: 'one', relevant: ['a'] }] }
    evaluation({ ...options, run: () => ['a'], scorers: { found: hitRate() }, threshold: { found: 1 } })
    // @ts-expect-error a ranking is a list
    evaluation({ ...options, run: () => 'a', scorers: { found: hitRate() } })
    // @ts-expect-error the examples have no `expected`
    evaluation({ ...options, run: () => 'a', scorers: { exact: exactMatch() } })
    const misnamed = () =>
      // @ts-expect-error there is no scorer of that name
      evaluation({ ...options, run: () => ['a'], scorers: { found: hitRate() }, threshold: { fuond: 1 } })
    expect(misnamed).toThrow('fuond')
    evaluation({
      ...options,
      run: ({ example }) => example.relevant.length,
      scorers: {
        own: ({ example, output }) => {
          expectTypeOf(output).toEqualTypeOf<number>()
          expectTypeOf(example.relevant).toEqualTypeOf<string[]>()
          return 1
        },
      },
    })
  })
})
