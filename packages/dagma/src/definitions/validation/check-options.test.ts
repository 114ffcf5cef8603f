import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { DefinitionErrors } from '../../errors.ts'
import { thrownBy } from '../../test/temporary.ts'
import { type AssetOptions, asset } from '../assets/asset.ts'
import { assetCheck } from '../assets/asset-check.ts'
import { multiAsset } from '../assets/multi-asset.ts'
import { retryPolicy } from '../assets/retry-policy.ts'
import { AutomationCondition } from '../automation/automation-condition.ts'
import { job } from '../automation/job.ts'
import { schedule } from '../automation/schedule.ts'
import { sensor } from '../automation/sensor.ts'
import { definitions } from '../definitions.ts'
import { dailyPartitions } from '../partitions/partitions.ts'

const run = () => 1
const all = job({ name: 'all', selection: '*' })
const limited = asset({ key: 'limited', config: z.object({ limit: z.number() }), run })

/** The problems, without places and hints. */
async function problems(declare: () => unknown): Promise<string[]> {
  const { errors } = (await thrownBy(declare)) as DefinitionErrors
  return errors.map(({ code, problem }) => `${code} ${problem.replace(/ \(\S+:\d+\)/, '')}`)
}

const ofAsset = (options: Partial<AssetOptions<{}, {}, undefined, number>>) =>
  problems(() => definitions({ assets: [asset({ key: 'a', run, ...options })] }))

describe('options that no host could heed, or that Dagster would refuse', () => {
  test.each([-1, 0, Number.NaN, Number.POSITIVE_INFINITY, 2_147_484])('timeoutSeconds %s', async (timeoutSeconds) => {
    expect(await ofAsset({ timeoutSeconds })).toEqual([
      `DAGMA_OPTION_INVALID The option "timeoutSeconds" of step "a" must be more than 0 and at most 2147483 (24 days), not ${timeoutSeconds}.`,
    ])
  })

  test('a multi-asset without assets', async () => {
    const assets: { readonly [name: string]: {} } = {}
    expect(await problems(() => definitions({ assets: [multiAsset({ name: 'none', assets, run: () => ({}) })] }))).toEqual([
      'DAGMA_OPTION_INVALID The option "assets" of step "none" must name at least one asset.',
    ])
  })

  test('each of an asset, at once', async () => {
    const automation = AutomationCondition.eager().or(AutomationCondition.onCron('0 25 * * *', 'Mars/Olympus').not())
    const wrong = await ofAsset({
      owners: ['bob', 'team:', 'team:data', 'a@example.com'],
      tags: { 'a b': 'x', c: 'd!', 'team/tier': 'gold', empty: '' },
      kinds: ['a b', 'qdrant'],
      metadata: { big: 2n as never, good: 1 },
      pool: 'two words',
      retryPolicy: retryPolicy({ maxRetries: 1.5, delaySeconds: -1 }),
      automation,
    })
    expect(wrong).toMatchInlineSnapshot(`
      [
        "DAGMA_OPTION_INVALID The option "owners" of asset "a" has "bob", which Dagster takes neither for an e-mail address nor for "team:" with a name.",
        "DAGMA_OPTION_INVALID The option "owners" of asset "a" has "team:", which Dagster takes neither for an e-mail address nor for "team:" with a name.",
        "DAGMA_OPTION_INVALID The option "tags" of asset "a" has "a b" with the value "x": both take up to 63 letters, digits, "_", "-" and ".".",
        "DAGMA_OPTION_INVALID The option "tags" of asset "a" has "c" with the value "d!": both take up to 63 letters, digits, "_", "-" and ".".",
        "DAGMA_OPTION_INVALID The option "kinds" of asset "a" has "a b": a kind takes up to 63 letters, digits, "_", "-" and ".".",
        "DAGMA_OPTION_INVALID The option "metadata" of asset "a" cannot be carried: The metadata value "big" has a bigint, which JSON lacks.",
        "DAGMA_CRON_INVALID Asset "a" has an invalid cron expression "0 25 * * *": Invalid value for hour: 25.",
        "DAGMA_TIMEZONE_UNKNOWN Asset "a" has an unknown time zone "Mars/Olympus".",
        "DAGMA_OPTION_INVALID The option "pool" of step "a" must be a name without spaces, not "two words".",
        "DAGMA_OPTION_INVALID The option "maxRetries" of step "a" must be an integer from 0, not 1.5.",
        "DAGMA_OPTION_INVALID The option "delaySeconds" of step "a" must be from 0 to 2147483 (24 days), not -1.",
      ]
    `)
    expect(await ofAsset({ kinds: [...'abcdefghij'] })).toHaveLength(1)
  })

  test('a condition that is nested too deep', async () => {
    const nested = (depth: number) =>
      Array.from({ length: depth }).reduce((one: AutomationCondition) => one.not(), AutomationCondition.eager())
    expect(await ofAsset({ automation: nested(100_000) })).toEqual([
      'DAGMA_OPTION_INVALID The option "automation" of Asset "a" is nested more than 100 deep.',
    ])
    expect(() => definitions({ assets: [asset({ key: 'a', automation: nested(99), run })] })).not.toThrow()
  })

  test('an interval of a sensor', async () => {
    const declare = (minimumIntervalSeconds: number) => () =>
      definitions({
        assets: [limited],
        jobs: [all],
        sensors: [sensor({ name: 's', job: all, minimumIntervalSeconds, run: () => undefined })],
      })
    expect(await problems(declare(-1))).toHaveLength(1)
    expect(await problems(declare(0.5))).toHaveLength(1)
    expect(declare(60)).not.toThrow()
  })

  test('names of checks', async () => {
    for (const declare of [
      () => asset({ key: 'a', checks: { 'no nulls': {} }, run }),
      () => assetCheck({ asset: 'a', name: 'no nulls', run: () => ({ passed: true }) }),
    ])
      expect((await thrownBy(declare)).message).toContain('A check cannot be named "no nulls".')
  })
})

test('the config of a job must fit the steps that it selects', async () => {
  const configured = (config: object) => () =>
    definitions({
      assets: [limited, asset({ key: 'plain', run })],
      jobs: [job({ name: 'j', selection: 'limited', config: { ...config } })],
    })
  expect(configured({ limited: { limit: 3 } })).not.toThrow()
  expect(await problems(configured({ limited: { limit: 'x' }, plain: {}, other: {} }))).toMatchInlineSnapshot(`
    [
      "DAGMA_CONFIG_INVALID The config of "limited" in Job "j" is invalid: limit: Invalid input: expected number, received string.",
      "DAGMA_CONFIG_UNKNOWN Config was passed for "plain" in Job "j", which the job does not select.",
      "DAGMA_CONFIG_UNKNOWN Config was passed for "other" in Job "j", which the job does not select.",
    ]
  `)
  const late = { '~standard': { version: 1, vendor: 'x', validate: async () => ({ issues: [{ message: 'no' }] }) } } as const
  const asked = asset({ key: 'asked', config: late, run })
  expect(() => definitions({ assets: [asked], jobs: [job({ name: 'j', selection: 'asked', config: { asked: {} } })] })).not.toThrow()
})

test('a schedule of a partitioned job says which partition a run is for', async () => {
  const daily = asset({ key: 'daily', partitions: dailyPartitions({ start: '2026-01-01' }), run })
  const days = job({ name: 'days', selection: 'daily' })
  const declare = (evaluate?: () => undefined) => () =>
    definitions({
      assets: [daily],
      jobs: [days],
      schedules: [schedule({ name: 's', job: days, cronSchedule: '@daily', ...(evaluate && { evaluate }) })],
    })
  expect(await problems(declare())).toEqual([
    'DAGMA_OPTION_INVALID The option "evaluate" of schedule "s" is missing: "daily" of its job has partitions, and each run must name one by runRequest({ partitionKey }), or by forPartitions: \'last\'.',
  ])
  expect(declare(() => undefined)).not.toThrow()
})
