/** Every kind of definition on the whole engine, in memory. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { asset } from '../definitions/assets/asset.ts'
import { assetCheck } from '../definitions/assets/asset-check.ts'
import { mapped } from '../definitions/assets/asset-spec.ts'
import { externalAsset } from '../definitions/assets/external-asset.ts'
import { Failure } from '../definitions/assets/failure.ts'
import { typedIOManager } from '../definitions/assets/io-manager.ts'
import { multiAsset } from '../definitions/assets/multi-asset.ts'
import { observableAsset } from '../definitions/assets/observable-asset.ts'
import { materializeResult } from '../definitions/assets/results.ts'
import { retryPolicy } from '../definitions/assets/retry-policy.ts'
import { job } from '../definitions/automation/job.ts'
import { definitions } from '../definitions/definitions.ts'
import { PartitionMapping } from '../definitions/partitions/partition-mapping.ts'
import { dailyPartitions, staticPartitions, weeklyPartitions } from '../definitions/partitions/partitions.ts'
import { resource } from '../definitions/resource.ts'
import type { MaterializeRun } from '../engine/run-options.ts'
import { temporaryFolder, thrownBy } from '../test/temporary.ts'
import { fakeClock } from './fake-clock.ts'
import { materializeToMemory } from './materialize-to-memory.ts'

/** The relevant events, each in a word or two. */
const brief = ({ events }: MaterializeRun) =>
  events.flatMap((event) => {
    if (event.type === 'ASSET_MATERIALIZATION' || event.type === 'ASSET_OBSERVATION') return [`${event.type.slice(6, 9)} ${event.asset}`]
    if (event.type === 'ASSET_CHECK_EVALUATION') return [`CHECK ${event.asset}:${event.check} ${event.passed ? 'passed' : event.severity}`]
    return /FAILURE|SKIPPED|RETRY|RESTARTED/.test(event.type) && 'step' in event ? [`${event.type} ${event.step}`] : []
  })

const numbers = asset({ key: 'numbers', run: () => [1, 2, 3] })
const sum = asset({ key: 'sum', inputs: { numbers }, run: ({ inputs }) => inputs.numbers.reduce((a, b) => a + b, 0) })

describe('materializeToMemory', () => {
  test('gives the values, and writes nothing', async () => {
    const projectFolder = temporaryFolder()
    const run = await materializeToMemory([numbers, sum], { projectFolder })
    expect([run.status, await run.load(sum), existsSync(`${projectFolder}/.dagma`)]).toEqual(['SUCCESS', 6, false])
  })

  test('gives local backends a project folder for each call, which is gone afterwards', async () => {
    const folders: string[] = []
    const store = resource({
      open: (_: object, { projectFolder }) => {
        folders.push(projectFolder)
        const file = join(projectFolder, 'points')
        return { add: () => appendFileSync(file, '.'), count: () => readFileSync(file, 'utf8').length }
      },
    })
    const counted = asset({
      key: 'counted',
      resources: { store },
      run: ({ resources }) => {
        resources.store.add()
        return resources.store.count()
      },
    })
    for (let call = 0; call < 3; call++)
      expect(await (await materializeToMemory([counted], { resources: { store: store({}) } })).load(counted)).toBe(1)
    expect(new Set(folders).size).toBe(3)
    expect(folders.filter((folder) => existsSync(folder))).toEqual([])
  })

  test('tells the time of its clock in all events', async () => {
    const run = await materializeToMemory([sum], { values: { numbers: [1] }, clock: fakeClock(new Date('2026-03-01T00:00:00Z')) })
    expect(new Set(run.events.map(({ time }) => time))).toEqual(new Set([Date.parse('2026-03-01T00:00:00Z')]))
  })

  test('takes upstream values instead of making them, also of assets that are not in the list', async () => {
    expect(await (await materializeToMemory([sum], { values: { numbers: [10] } })).load(sum)).toBe(10)
    const run = await materializeToMemory([numbers, sum], { values: { numbers: [20] } })
    expect([await run.load(sum), [...run.materializations.keys()]]).toEqual([20, ['sum']])
  })

  test('takes a list of assets as the selection, as a job does', async () => {
    const other = asset({ key: 'other', run: () => 1 })
    const run = await materializeToMemory([numbers, sum, other], { selection: [numbers, sum] })
    expect([...run.materializations.keys()]).toEqual(['numbers', 'sum'])
    expect(await thrownBy(() => materializeToMemory([numbers], { selection: [] }))).toMatchObject({ code: 'DAGMA_SELECTION_EMPTY' })
    expect(await thrownBy(() => materializeToMemory([numbers], { selection: [other] }))).toMatchObject({ code: 'DAGMA_SELECTION_UNKNOWN' })
  })

  test('checks a given value without making anything', async () => {
    const long = assetCheck({ asset: numbers, name: 'long', run: async ({ load }) => ({ passed: (await load()).length > 1 }) })
    const run = await materializeToMemory([numbers], { kind: 'check', checks: [long], values: { numbers: [1] } })
    expect(brief(run)).toEqual(['CHECK numbers:long ERROR'])
  })

  test('binds other resources in the place of a project’s own', async () => {
    const clock = resource({ open: (at: number) => ({ now: () => at }) })
    const stamp = asset({ key: 'stamp', resources: { clock }, run: ({ resources }) => resources.clock.now() })
    const project = definitions({ assets: [stamp], resources: { clock: clock(1) } })
    expect(await (await materializeToMemory(project)).load(stamp)).toBe(1)
    expect(await (await materializeToMemory(project, { resources: { clock: clock(2) } })).load(stamp)).toBe(2)
  })
})

describe('multi-assets', () => {
  const shop = multiAsset({
    name: 'shop',
    canSubset: true,
    assets: { orders: {}, customers: { key: 'crm/customers' } },
    run: ({ selected }) => ({
      ...(selected.has('orders') ? { orders: materializeResult([20, 35], { metadata: { count: 2 } }) } : {}),
      ...(selected.has('customers') ? { customers: 'Ada' } : {}),
    }),
  })
  const report = asset({ key: 'report', inputs: shop.assets, run: ({ inputs }) => `${inputs.customers}: ${inputs.orders.length}` })

  test('give each asset its value, and consumers their types', async () => {
    expectTypeOf(shop.assets.orders).toExtend<{ key: readonly string[] }>()
    const run = await materializeToMemory([shop, report])
    expect(await run.load(report)).toBe('Ada: 2')
    expect(brief(run)).toEqual(['MAT orders', 'MAT crm/customers', 'MAT report'])
  })

  test('make a part where they can be subset', async () => {
    expect(brief(await materializeToMemory([shop], { selection: 'crm/customers' }))).toEqual(['MAT crm/customers'])
  })

  test('make all where they cannot', async () => {
    const whole = multiAsset({ name: 'whole', assets: { a: {}, b: {} }, run: () => ({ a: 1, b: 2 }) })
    expect(brief(await materializeToMemory([whole], { selection: 'b' }))).toEqual(['MAT a', 'MAT b'])
  })

  test.each([
    ['a missing value', { a: 1 }, 'the value of "b" is missing'],
    ['an unknown one', { a: 1, b: 2, c: 3 }, 'it has "c", which is none of its assets'],
    ['no object', [1, 2], 'no object with a value for each asset'],
  ])('%s is an error', async (_what, returned, reason) => {
    const wrong = multiAsset({ name: 'wrong', assets: { a: {}, b: {} }, run: () => returned as { a: number; b: number } })
    const [failed] = (await materializeToMemory([wrong])).events.filter((event) => event.type === 'STEP_FAILURE')
    expect(failed?.error.message).toContain(`returned an invalid result: ${reason}. Return what`)
  })
})

describe('checks', () => {
  const good = asset({ key: 'good', run: () => 4 })
  const after = asset({ key: 'after', deps: [good], run: () => 1 })

  test('on their own see the stored value, after the asset', async () => {
    const even = assetCheck({
      asset: good,
      name: 'even',
      run: async ({ load }) => ({ passed: (await load()) % 2 === 0, metadata: { n: 1 } }),
    })
    expect(brief(await materializeToMemory([good, after], { checks: [even] }))).toEqual(['MAT good', 'MAT after', 'CHECK good:even passed'])
    expect(
      brief(await materializeToMemory([good, after], { checks: [even], kind: 'check', values: { good: 3 }, selection: 'good' })),
    ).toEqual(['CHECK good:even ERROR'])
  })

  test.each([
    ['ERROR', 'FAILURE', ['MAT good', 'CHECK good:big ERROR', 'STEP_FAILURE good_big', 'STEP_SKIPPED after']],
    ['WARN', 'SUCCESS', ['MAT good', 'CHECK good:big WARN', 'MAT after']],
  ] as const)('that block hold back what is downstream: %s', async (severity, status, outcome) => {
    const big = assetCheck({ asset: good, name: 'big', blocking: true, run: () => ({ passed: false, severity }) })
    const run = await materializeToMemory([good, after], { checks: [big] })
    expect([run.status, brief(run)]).toEqual([status, outcome])
  })

  test('of the asset itself: results are asked for, others are refused, and a blocking one stops', async () => {
    const checked = (checks: object) =>
      asset({ key: 'good', checks: { big: { blocking: true } }, run: () => materializeResult(1, { checks: checks as never }) })
    expect(brief(await materializeToMemory([checked({ big: { passed: false } }), after]))).toEqual([
      'MAT good',
      'CHECK good:big ERROR',
      'STEP_FAILURE good',
      'STEP_SKIPPED after',
    ])
    for (const wrong of [{}, { big: { passed: true }, other: { passed: true } }, { big: { passed: 'yes' } }]) {
      const run = await materializeToMemory([checked(wrong), after])
      expect(JSON.stringify(run.events)).toContain('DAGMA_RESULT_WRONG')
      expect(run.materializations.size).toBe(0)
    }
  })
})

test('an observable asset is observed, not made', async () => {
  const feed = observableAsset({ key: 'feed', run: () => ({ dataVersion: '7', metadata: { entries: 2 } }) })
  const run = await materializeToMemory([feed], { kind: 'observe' })
  expect(run.events.find((event) => event.type === 'ASSET_OBSERVATION')).toMatchObject({ asset: 'feed', dataVersion: '7' })
  expect(await thrownBy(() => materializeToMemory([feed]))).toMatchObject({ code: 'DAGMA_SELECTION_EMPTY' })
})

test('an external asset gives its value as an input', async () => {
  const rows = externalAsset<number[]>({ key: 'rows' })
  const count = asset({ key: 'count', inputs: { rows }, run: ({ inputs }) => inputs.rows.length })
  expect(await (await materializeToMemory([rows, count], { values: { rows: [1, 2] } })).load(count)).toBe(2)
})

describe('partitions', () => {
  const days = dailyPartitions({ start: '2026-01-01' })
  const raw = asset({ key: 'raw', partitions: days, run: ({ partitionKey }) => partitionKey })
  const copy = asset({ key: 'copy', partitions: days, inputs: { raw }, run: ({ inputs }) => `copy of ${inputs.raw}` })
  const clock = () => fakeClock(new Date('2026-01-03T12:00:00Z'))

  test('the same key upstream; the materialization says which', async () => {
    const run = await materializeToMemory([raw, copy], { partitionKey: '2026-01-02', clock: clock() })
    expect(await run.load(copy)).toBe('copy of 2026-01-02')
    expect(run.materializations.get('copy')?.partition).toBe('2026-01-02')
  })

  test('an asset without partitions has none in a run of one, nor has its value', async () => {
    const plain = asset({ key: 'plain', run: () => 'plain' })
    const both = asset({ key: 'both', partitions: days, inputs: { plain, raw }, run: ({ inputs }) => `${inputs.plain} ${inputs.raw}` })
    const loads = assetCheck({ asset: plain, name: 'loads', run: async ({ load }) => ({ passed: (await load()) === 'plain' }) })
    const run = await materializeToMemory([raw, plain, both], { partitionKey: '2026-01-02', clock: clock(), checks: [loads] })
    expect([run.status, await run.load(both), await run.load(plain)]).toEqual(['SUCCESS', 'plain 2026-01-02', 'plain'])
    expect(['raw', 'plain'].map((key) => run.materializations.get(key)?.partition)).toEqual(['2026-01-02', null])
    expect(brief(run)).toContain('CHECK plain:loads passed')
  })

  test('several upstream partitions come as an object', async () => {
    const regions = staticPartitions(['x', 'y'])
    const sales = externalAsset<number>({ key: 'sales', partitions: regions })
    const all = asset({
      key: 'all',
      partitions: regions,
      inputs: { sales: mapped(sales, PartitionMapping.specific(['x'])) },
      run: ({ inputs }) => inputs.sales,
    })
    expectTypeOf(all).toExtend<{ key: readonly string[] }>()
    const run = await materializeToMemory([sales, all], { values: { sales: 5 }, partitionKey: 'x' })
    expect(await run.load(all)).toEqual({ x: 5 })
  })

  describe('values that are given', () => {
    const day = asset({ key: 'day', partitions: days, run: () => 0 })
    const week = asset({
      key: 'week',
      partitions: weeklyPartitions({ start: '2026-01-04' }),
      inputs: { day: mapped(day, PartitionMapping.timeWindow()) },
      run: ({ inputs }) => inputs.day,
    })
    const later = () => fakeClock(new Date('2026-02-01T00:00:00Z'))
    const keys = ['04', '05', '06', '07', '08', '09', '10'].map((date) => `2026-01-${date}`)

    test.each<[what: string, value: unknown, expected: unknown]>([
      ['one for every partition', 5, Object.fromEntries(keys.map((key) => [key, 5]))],
      ['one for each partition', Object.fromEntries(keys.map((key, n) => [key, n])), Object.fromEntries(keys.map((key, n) => [key, n]))],
      ['an object that is the value', { rows: 1 }, Object.fromEntries(keys.map((key) => [key, { rows: 1 }]))],
    ])('%s: found under the keys that the mapping asks for', async (_what, value, expected) => {
      for (const assets of [[week], [day, week]]) {
        const run = await materializeToMemory(assets, { values: { day: value }, partitionKey: '2026-01-04', clock: later() })
        expect([run.status, [...run.materializations.keys()]]).toEqual(['SUCCESS', ['week']])
        expect(await run.load(week)).toEqual(expected)
      }
    })

    test('a partition without a value is named', async () => {
      const { [keys[3] ?? '']: _, ...others } = Object.fromEntries(keys.map((key) => [key, 1]))
      const run = await materializeToMemory([week], { values: { day: others }, partitionKey: '2026-01-04', clock: later() })
      const [failed] = run.events.filter((event) => event.type === 'STEP_FAILURE')
      expect(failed?.error.message).toContain('2026-01-07')
      expect(failed?.error.message).toContain('DAGMA_INPUT_MISSING')
    })
  })

  test.each([
    [{}, 'DAGMA_PARTITION_NEEDED'],
    [{ partitionKey: '2026-01-03' }, 'DAGMA_PARTITION_UNKNOWN'], // its day is not over
  ])('a run that names none, or an unknown one, is refused: %o', async (options, code) => {
    expect(await thrownBy(() => materializeToMemory([raw], { ...options, clock: clock() }))).toMatchObject({ code })
  })

  test('one for assets without partitions is refused', async () => {
    expect(await thrownBy(() => materializeToMemory([numbers], { partitionKey: 'x' }))).toMatchObject({
      code: 'DAGMA_PARTITION_WITHOUT_PARTITIONS',
    })
  })
})

describe('values', () => {
  test('are what the files would return', async () => {
    const dated = asset({ key: 'dated', run: () => [{ at: new Date(0), note: undefined as string | undefined }] })
    const seen = asset({
      key: 'seen',
      inputs: { dated },
      run: ({ inputs }) => [typeof inputs.dated[0]?.at, Object.keys(inputs.dated[0] ?? {})],
    })
    const run = await materializeToMemory([dated, seen])
    expect(await run.load(dated)).toEqual([{ at: '1970-01-01T00:00:00.000Z' }])
    expect(await run.load(seen)).toEqual(['string', ['at']])
    const given = { dated: [{ at: new Date(0) }] }
    expect(await (await materializeToMemory([seen], { values: given })).load(seen)).toEqual(['string', ['at']])
    const lost = asset({ key: 'lost', run: (): unknown => ({ rows: new Map() }) })
    expect(JSON.stringify((await materializeToMemory([lost])).events)).toContain('DAGMA_VALUE_NOT_STORABLE')
    expect(await thrownBy(() => materializeToMemory([seen], { values: { dated: new Map() } }))).toMatchObject({
      code: 'DAGMA_VALUE_NOT_STORABLE',
    })
  })

  test('of an asset that names a typed IO manager are kept as they are', async () => {
    const counts = asset({ key: 'counts', ioManager: typedIOManager('own'), run: () => new Map([['de', 3n]]) })
    const germany = asset({ key: 'germany', ioManager: 'other', inputs: { counts }, run: ({ inputs }) => String(inputs.counts.get('de')) })
    const run = await materializeToMemory([counts, germany])
    expect(await run.load(germany)).toBe('3')
    expect(await run.load(counts)).toEqual(new Map([['de', 3n]]))
  })
})

describe('retries', () => {
  const flaky = (fails: number, policy: Parameters<typeof retryPolicy>[0]) =>
    asset({
      key: 'flaky',
      retryPolicy: retryPolicy(policy),
      run: ({ retryNumber }) => {
        if (retryNumber < fails) throw new Error('not yet')
        return retryNumber
      },
    })

  test.each([
    ['constant', [10, 10, 10]],
    ['linear', [10, 20, 30]],
    ['exponential', [10, 30, 70]],
  ] as const)('wait as Dagster does: %s', async (backoff, seconds) => {
    const clock = fakeClock()
    const run = await materializeToMemory([flaky(3, { maxRetries: 3, delaySeconds: 10, backoff })], { clock })
    expect([run.status, clock.waits.map((wait) => wait / 1000)]).toEqual(['SUCCESS', seconds])
  })

  test('end after the last one', async () => {
    const run = await materializeToMemory([flaky(9, { maxRetries: 1 })])
    expect([run.status, brief(run)]).toEqual(['FAILURE', ['STEP_UP_FOR_RETRY flaky', 'STEP_RESTARTED flaky', 'STEP_FAILURE flaky']])
  })

  test('are not made after a Failure that allows none; its metadata is kept', async () => {
    const given = asset({
      key: 'given',
      retryPolicy: retryPolicy({ maxRetries: 3 }),
      run: () => {
        throw new Failure('given up', { metadata: { rows: 3 }, allowRetries: false })
      },
    })
    const run = await materializeToMemory([given])
    expect(brief(run)).toEqual(['STEP_FAILURE given'])
    expect(run.events.find((event) => event.type === 'STEP_FAILURE')?.metadata).toMatchObject({
      rows: { type: 'int', raw_value: 3 },
      error_summary: { type: 'text', raw_value: 'given up' },
    })
  })
})

test('a step that takes too long fails, and its signal is aborted', async () => {
  let heard = false
  const late = asset({
    key: 'late',
    timeoutSeconds: 0.01,
    run: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          heard = true
          reject(signal.reason)
        })
      }),
  })
  const run = await materializeToMemory([late])
  expect(heard).toBe(true)
  expect(run.events.find((event) => event.type === 'STEP_FAILURE')?.error.message).toContain('did not finish within 0.01 s')
})

describe('jobs', () => {
  test('give their tags and config, and call their hooks when a step ended for good', async () => {
    const outcome: string[] = []
    const post = resource({ open: (_: object) => (line: string) => void outcome.push(line) })
    const flaky = asset({
      key: 'flaky',
      retryPolicy: retryPolicy({ maxRetries: 1 }),
      run: ({ retryNumber }) => {
        if (retryNumber === 0) throw new Error('not yet')
      },
    })
    const broken = asset({ key: 'broken', deps: [flaky], run: () => Promise.reject(new Error('no table')) })
    const seen = asset({ key: 'seen', run: ({ runTags, jobName }) => ({ runTags, jobName }) })
    const nightly = job({
      name: 'nightly',
      selection: [flaky, broken, seen],
      tags: { team: 'data', kind: 'night' },
      resources: { post },
      onSuccess: ({ stepName, resources }) => resources.post(`${stepName} well`),
      onFailure: ({ stepName, error, resources }) => {
        resources.post(`${stepName}: ${error?.message.includes('no table')}`)
        throw new Error('the hook itself fails')
      },
    })
    const project = definitions({ assets: [flaky, broken, seen], jobs: [nightly], resources: { post: post({}) } })
    const run = await materializeToMemory(project, { job: 'nightly', tags: { kind: 'test' } })
    expect(outcome.sort()).toEqual(['broken: true', 'flaky well', 'seen well'])
    expect(await run.load(seen)).toEqual({ runTags: { team: 'data', kind: 'test' }, jobName: 'nightly' })
    expect(run.events.find((event) => event.type === 'LOG')).toMatchObject({
      level: 'error',
      message: expect.stringContaining('the hook itself fails'),
    })
  })
})
