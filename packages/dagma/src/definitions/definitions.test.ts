import { describe, expect, test } from 'vitest'
import type { DefinitionErrors } from '../errors.ts'
import { thrownBy } from '../test/temporary.ts'
import { asset } from './assets/asset.ts'
import { assetCheck } from './assets/asset-check.ts'
import { externalAsset } from './assets/external-asset.ts'
import { multiAsset } from './assets/multi-asset.ts'
import { job } from './automation/job.ts'
import { schedule } from './automation/schedule.ts'
import { sensor } from './automation/sensor.ts'
import { definitions } from './definitions.ts'
import { isDefinitions } from './model.ts'
import { resource } from './resource.ts'

const run = () => 1
const here = new URL('.', import.meta.url).pathname

/** Messages of everything that is wrong, without what differs from one machine or version to another. */
async function wrong(declare: () => unknown): Promise<string[]> {
  const error = (await thrownBy(declare)) as DefinitionErrors
  expect(error.name).toBe('DefinitionErrors')
  expect(error.message).toBe(error.errors.map(({ message }) => message).join('\n'))
  for (const one of error.errors) expect(one).toMatchObject({ kind: 'definition', name: 'DefinitionError' })
  return error.errors.map(({ message }) => message.replaceAll(here, '').replace(/\.test\.ts:\d+/g, '.test.ts:<line>'))
}

describe('definitions() reports every problem together', () => {
  test('of every kind', async () => {
    const database = resource<object, { query: () => number }>({ open: () => ({ query: () => 1 }) })
    const orders = asset({ key: 'orders', resources: { db: database }, run })
    const messages = await wrong(() =>
      definitions({
        assets: [
          orders,
          asset({ key: 'orders', run }),
          asset({ key: 'report', deps: ['ordrs', 'nothing_like_it'], run }),
          asset({ key: 'a', deps: ['b'], run }),
          asset({ key: 'b', deps: ['c'], run }),
          asset({ key: 'c', deps: ['a'], run }),
          asset({ key: 'self', deps: ['self'], run }),
          asset({ key: 'x/y', run }),
          asset({ key: 'x__y', run }),
          asset({ key: 'x.y', run }),
          asset({ key: 'x-y', run }),
        ] as const,
        jobs: [
          job({ name: 'daily', selection: 'orders' }),
          job({ name: 'daily', selection: 'report' }),
          job({ name: 'unknown', selection: 'raport' }),
          job({ name: 'empty', selection: [] }),
          job({ name: 'unreadable', selection: 'a and' }),
        ],
        schedules: [
          schedule({ name: 'no_job', job: 'dayly', cronSchedule: '0 2 * * *' }),
          schedule({ name: 'wrong', job: 'daily', cronSchedule: '61 * * * *', executionTimezone: 'Mars/Olympus' }),
          schedule({ name: 'wrong', job: 'daily', cronSchedule: '0 2 * * *' }),
        ],
        resources: { other: database({}) } as never,
      }),
    )
    expect(messages).toMatchInlineSnapshot(`
      [
        "Asset "x/y" (definitions.test.ts:<line>) and Asset "x__y" (definitions.test.ts:<line>) would both have a step named "x__y". Rename one of them: in a step name, "/" becomes "__" and "-" and "." become "_". [DAGMA_STEP_NAME_DUPLICATE]",
        "Asset "x.y" (definitions.test.ts:<line>) and Asset "x-y" (definitions.test.ts:<line>) would both have a step named "x_y". Rename one of them: in a step name, "/" becomes "__" and "-" and "." become "_". [DAGMA_STEP_NAME_DUPLICATE]",
        "Two assets are named "orders" (definitions.test.ts:<line>, definitions.test.ts:<line>). Rename one of them. [DAGMA_KEY_DUPLICATE]",
        "Assets depend on each other in a cycle: a (definitions.test.ts:<line>) → b (definitions.test.ts:<line>) → c (definitions.test.ts:<line>) → a. Remove one of these dependencies. [DAGMA_CYCLE]",
        "Assets depend on each other in a cycle: self (definitions.test.ts:<line>) → self. Remove one of these dependencies. [DAGMA_CYCLE]",
        "Asset "report" (definitions.test.ts:<line>) depends on "ordrs", which is not in definitions(). Did you mean "orders"? Add "ordrs" to the assets of definitions(), or remove it from the inputs or deps. [DAGMA_DEP_UNKNOWN]",
        "Asset "report" (definitions.test.ts:<line>) depends on "nothing_like_it", which is not in definitions(). Add "nothing_like_it" to the assets of definitions(), or remove it from the inputs or deps. [DAGMA_DEP_UNKNOWN]",
        "Step "orders" (definitions.test.ts:<line>) uses the resource "db", which is not bound (bound: other). Add "db" to the resources of definitions(). [DAGMA_RESOURCE_UNBOUND]",
        "Two jobs are named "daily" (definitions.test.ts:<line>, definitions.test.ts:<line>). Rename one of them. [DAGMA_KEY_DUPLICATE]",
        "Job "unknown" (definitions.test.ts:<line>): The selection "raport" contains "raport", which matches no asset. Did you mean "report"? Fix the job's selection. [DAGMA_JOB_SELECTION]",
        "Job "empty" (definitions.test.ts:<line>) selects no asset (""). Select at least one. [DAGMA_SELECTION_EMPTY]",
        "Job "unreadable" (definitions.test.ts:<line>): The selection "a and" is invalid: at column 1, "a" is a bare name, which stands alone or in a list; here write key:"a". Fix the job's selection. [DAGMA_JOB_SELECTION]",
        "Two schedules are named "wrong" (definitions.test.ts:<line>, definitions.test.ts:<line>). Rename one of them. [DAGMA_KEY_DUPLICATE]",
        "Schedule "no_job" (definitions.test.ts:<line>) refers to a job that is not in definitions(): there is no job "dayly" (jobs: daily, unknown, empty, unreadable). Use one of these jobs, or add it to definitions(). [DAGMA_JOB_UNKNOWN]",
        "Schedule "wrong" (definitions.test.ts:<line>) has an invalid cron expression "61 * * * *": Invalid value for minute: 61. Use five fields, for example "0 2 * * *" for 02:00 every day. [DAGMA_CRON_INVALID]",
        "Schedule "wrong" (definitions.test.ts:<line>) has an unknown time zone "Mars/Olympus". Use an IANA name such as "UTC" or "Europe/Berlin". [DAGMA_TIMEZONE_UNKNOWN]",
      ]
    `)
  })

  test('a list that holds something else says where', async () => {
    const a = asset({ key: 'a', run })
    const j = job({ name: 'j', selection: 'a' })
    const messages: string[] = []
    for (const options of [
      { assets: [a, undefined] },
      { assets: [a, j] },
      { assets: a },
      { assets: [a], jobs: [a] },
      { assets: [a], checks: [a] },
    ])
      messages.push(
        (await thrownBy(() => definitions(options as never))).message.replace(' Pass a valid value. [DAGMA_OPTION_INVALID]', ''),
      )
    expect(messages).toMatchInlineSnapshot(`
      [
        "The option "assets" of definitions() has something else at position 2: it is undefined, as when modules import each other in a cycle.",
        "The option "assets" of definitions() has something else at position 2.",
        "The option "assets" of definitions() must be a list.",
        "The option "jobs" of definitions() has something else at position 1.",
        "The option "checks" of definitions() has something else at position 1.",
      ]
    `)
  })

  test('modules that are none, cannot be collected yet, or export definitions() say so', async () => {
    const a = asset({ key: 'a', run })
    const unready = Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => {
        throw new ReferenceError("Cannot access 'a' before initialization")
      },
    })
    const messages: string[] = []
    for (const modules of [[a], [{ a }, undefined], { a }, [{ default: definitions({ assets: [a] }) }], [unready]])
      messages.push(
        (await thrownBy(() => definitions({ modules } as never))).message.replace(' Pass a valid value. [DAGMA_OPTION_INVALID]', ''),
      )
    expect(messages).toMatchInlineSnapshot(`
      [
        "The option "modules" of definitions() has something else than a module at position 1; import it as \`import * as name from …\`.",
        "The option "modules" of definitions() has something else than a module at position 2; import it as \`import * as name from …\`.",
        "The option "modules" of definitions() must be a list of modules, each imported as \`import * as name from …\`.",
        "The option "modules" of definitions() has a module at position 1 that exports definitions(); a project has one of those.",
        "The option "modules" of definitions() has a module at position 1 whose export "a" is not there yet, as when modules import each other in a cycle.",
      ]
    `)
  })

  test('the same key in two modules, or in a list and a module, is named twice; the same asset is one', async () => {
    const a = asset({ key: 'a', run })
    const daily = job({ name: 'daily', selection: 'a' })
    const { assets, jobs } = definitions({
      assets: [a],
      jobs: [daily],
      modules: [
        { a, daily },
        { again: a, all: [a, daily] },
      ],
    })
    expect([[...assets.keys()], [...jobs.keys()]]).toEqual([['a'], ['daily']])
    const other = { a: asset({ key: 'a', run }), list: [job({ name: 'daily', selection: 'a' })] }
    expect(await wrong(() => definitions({ assets: [a], jobs: [daily], modules: [other] }))).toEqual(
      await wrong(() => definitions({ modules: [{ a, daily }, other] })),
    )
    expect(await wrong(() => definitions({ modules: [{ a, daily }, other] }))).toMatchInlineSnapshot(`
      [
        "Two assets are named "a" (definitions.test.ts:<line>, definitions.test.ts:<line>). Rename one of them. [DAGMA_KEY_DUPLICATE]",
        "Two jobs are named "daily" (definitions.test.ts:<line>, definitions.test.ts:<line>). Rename one of them. [DAGMA_KEY_DUPLICATE]",
      ]
    `)
  })

  test('an error names the place in the source', async () => {
    const error = await thrownBy(() => definitions({ assets: [asset({ key: 'a', deps: ['b'], run })] }))
    expect(error.message).toMatch(/\/definitions\.test\.ts:\d+\)/)
  })
})

test('modules give their assets, checks, jobs, schedules and sensors, alone or in lists; other exports are passed over', () => {
  const orders = asset({ key: 'orders', run })
  const shop = multiAsset({ name: 'shop', assets: { items: {}, customers: {} }, run: () => ({ items: 1, customers: 2 }) })
  const daily = job({ name: 'daily', selection: 'orders' })
  const tickets = {
    orders,
    shop,
    items: shop.assets.items,
    crm: externalAsset({ key: 'crm' }),
    some: assetCheck({ asset: orders, name: 'some', run: () => ({ passed: true }) }),
    perRegion: ['de', 'fr'].map((region) => asset({ key: ['region', region], run })),
    database: resource<object, string>({ open: () => 'client' }),
    options: { name: 'other', selection: 'orders', cronSchedule: '* * * * *', minimumIntervalSeconds: 3 },
    nothing: null,
    run,
  }
  const automation = {
    daily,
    nightly: schedule({ name: 'nightly', job: daily, cronSchedule: '0 2 * * *' }),
    seen: [sensor({ name: 'seen', job: daily, run: () => [] })],
  }
  const { assets, checks, jobs, schedules, sensors } = definitions({ modules: [automation, tickets] })
  expect([assets, checks, jobs, schedules, sensors].map((found) => [...found.keys()])).toEqual([
    ['orders', 'items', 'customers', 'crm', 'region/de', 'region/fr'],
    ['orders:some'],
    ['daily'],
    ['nightly'],
    ['seen'],
  ])
})

describe('cron expressions and time zones that Dagster would not take', () => {
  const errorsOf = async (settings: { cronSchedule: string; executionTimezone?: string }): Promise<string> => {
    const daily = job({ name: 'daily', selection: 'a' })
    try {
      definitions({ assets: [asset({ key: 'a', run })], jobs: [daily], schedules: [schedule({ name: 's', job: daily, ...settings })] })
      return 'good'
    } catch (error) {
      return (error as DefinitionErrors).errors.map(({ code }) => code).join()
    }
  }

  // What dagster 1.13 says of each line.
  test.each([
    '0 2 * * *',
    ' 0  2 * * * ',
    '*/5 0-6 1,15 * 1-5',
    '0 0 * JAN MON-FRI',
    '@daily',
    '@hourly',
    '0 0 L * *',
    '0 0 * * 7',
    '0 0 * * 1#2',
    '0-59/7 * * * *',
    '5/10 * * * *',
    '0 1,7/5 5/10 3/2 1/2',
  ])('%s is good', async (cronSchedule) => {
    expect(await errorsOf({ cronSchedule })).toBe('good')
  })

  test.each([
    '',
    '0 2 * *',
    '0 0 2 * * *',
    '60 * * * *',
    '* * * * 8',
    '*/0 * * * *',
    '0 0 31 2 *',
    '2026-01-01T00:00:00',
    '0 0 1W * *',
    '0 0 LW * *',
    '0 0 * * 5L',
    '0 0 * * +1',
    '@reboot',
    '@dayly',
    'every day',
    '1,,3 * * * *',
    '0-0 0 * * *', // every value, for Dagster; so is the next, from the end of the field on
    '59/10 * * * *',
  ])('%s is not', async (cronSchedule) => {
    expect(await errorsOf({ cronSchedule })).toBe('DAGMA_CRON_INVALID')
  })

  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata', 'EST'])(
    '%s is a zone',
    async (executionTimezone) => {
      expect(await errorsOf({ cronSchedule: '0 2 * * *', executionTimezone })).toBe('good')
    },
  )

  test.each(['', 'Mars', '+01:00', 'europe/berlin', 'utc', 'GMT+1'])('%s is none', async (executionTimezone) => {
    expect(await errorsOf({ cronSchedule: '0 2 * * *', executionTimezone })).toBe('DAGMA_TIMEZONE_UNKNOWN')
  })
})

describe('what definitions() gives', () => {
  test('assets in an order in which upstream ones come first, otherwise as declared', () => {
    const a = asset({ key: 'a', run })
    const b = asset({ key: 'b', inputs: { a }, run })
    const c = asset({ key: 'c', deps: [b], run })
    const d = asset({ key: 'd', run })
    expect([...definitions({ assets: [d, c, b, a] }).assets.keys()]).toEqual(['d', 'a', 'b', 'c'])
  })

  test('jobs with their assets, schedules with their defaults', () => {
    const a = asset({ key: 'x/a', run })
    const all = job({ name: 'all', selection: [a], description: 'All.' })
    const made = definitions({ assets: [a, a], jobs: [all], schedules: [schedule({ name: 's', job: all, cronSchedule: '@daily' })] })
    expect(made.jobs.get('all')).toEqual({
      name: 'all',
      selection: 'x/a',
      description: 'All.',
      assetKeys: ['x/a'],
      tags: {},
      config: {},
      executor: undefined,
      opTags: {},
      resources: {},
      onFailure: undefined,
      onSuccess: undefined,
      source: expect.any(Function),
    })
    expect(made.schedules.get('s')).toEqual({
      name: 's',
      job: 'all',
      cronSchedule: '@daily',
      executionTimezone: 'UTC',
      defaultStatus: 'STOPPED',
      description: undefined,
      resources: {},
      evaluate: undefined,
      source: expect.any(Function),
    })
  })

  test('is known by any copy of Dagma', () => {
    expect(isDefinitions(definitions({ assets: [] }))).toBe(true)
    expect(isDefinitions({ [Symbol.for('dagma.definitions')]: true })).toBe(true)
    for (const other of [undefined, null, {}, 'definitions', { assets: [] }]) expect(isDefinitions(other)).toBe(false)
  })
})

describe('names', () => {
  test.each(['a', 'A1_-.x', 'a/b/c', '..a', 'a.'])('"%s" is an asset key', (key) => {
    expect(asset({ key, run }).key).toEqual(key.split('/'))
  })

  test.each(['', ' ', 'a b', 'a/', '/a', 'a//b', 'ä', 'a\\b', 'a\n', '.', '..', '../a', 'a/../../b', 'a/./b', '...'])(
    '"%s" is none: it might leave the folder of values, or mean something in a selection',
    async (key) => {
      expect(await thrownBy(() => asset({ key, run }))).toMatchObject({ code: 'DAGMA_KEY_INVALID' })
      expect(await thrownBy(() => asset({ key: key.split('/'), run }))).toMatchObject({ code: 'DAGMA_KEY_INVALID' })
      expect(await thrownBy(() => asset({ key: 'a', deps: [key], run }))).toMatchObject({ code: 'DAGMA_KEY_INVALID' })
    },
  )

  test('a path may not hide a "/" in a part, and must have one', async () => {
    for (const key of [[], ['a/b'], ['a', '']])
      expect(await thrownBy(() => asset({ key, run }))).toMatchObject({ code: 'DAGMA_KEY_INVALID' })
  })

  test('groups, jobs and schedules are identifiers', async () => {
    const messages: string[] = []
    for (const declare of [
      () => asset({ key: 'a', group: 'my group', run }),
      () => job({ name: 'my-job', selection: 'a' }),
      () => schedule({ name: 'a/b', job: 'j', cronSchedule: '@daily' }),
    ])
      messages.push((await thrownBy(declare)).message)
    expect(messages.map((message) => message.replace(/ Use letters.*/, ''))).toMatchInlineSnapshot(`
      [
        "A group cannot be named "my group".",
        "A job cannot be named "my-job".",
        "A schedule cannot be named "a/b".",
      ]
    `)
  })
})

test('an asset knows where it was declared', () => {
  const source = asset({ key: 'a', run }).step.source()
  expect(source?.file).toBe(new URL(import.meta.url).pathname)
  expect(source?.line).toBeGreaterThan(100)
})
