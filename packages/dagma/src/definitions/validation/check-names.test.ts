import { expect, test } from 'vitest'
import type { DefinitionErrors } from '../../errors.ts'
import { thrownBy } from '../../test/temporary.ts'
import { asset } from '../assets/asset.ts'
import { assetCheck } from '../assets/asset-check.ts'
import { externalAsset } from '../assets/external-asset.ts'
import { multiAsset } from '../assets/multi-asset.ts'
import { job } from '../automation/job.ts'
import { schedule } from '../automation/schedule.ts'
import { sensor } from '../automation/sensor.ts'
import { definitions } from '../definitions.ts'

const run = () => 1
const all = job({ name: 'all', selection: '*' })

async function problems(declare: () => unknown): Promise<string[]> {
  const { errors } = (await thrownBy(declare)) as DefinitionErrors
  return errors.map(({ code, problem }) => `${code} ${problem.replaceAll(/[^\s(]+\/check-names\.test\.ts:\d+/g, '<place>')}`)
}

test('names that Dagster keeps for itself, of everything that has a name', async () => {
  const declare = () =>
    definitions({
      assets: [
        asset({ key: 'config', run }),
        externalAsset({ key: 'class' }),
        multiAsset({ name: 'type', assets: { input: {}, fine: {} }, run: () => ({ input: 1, fine: 2 }) }),
        asset({ key: 'arg', run }),
      ],
      checks: [assetCheck({ asset: 'arg', name: 'dict', run: () => ({ passed: true }) })],
      jobs: [all, job({ name: 'None', selection: '*' }), job({ name: '__ASSET_JOB', selection: '*' })],
      schedules: [schedule({ name: 'return', job: all, cronSchedule: '@daily' })],
      sensors: [sensor({ name: 'context', job: all, run: () => undefined })],
    })
  expect(await problems(declare)).toMatchInlineSnapshot(`
    [
      "DAGMA_NAME_RESERVED Asset "config" (<place>) has a name that is reserved by Python or Dagster.",
      "DAGMA_NAME_RESERVED Asset "class" (<place>) has a name that is reserved by Python or Dagster.",
      "DAGMA_NAME_RESERVED Asset "input" (<place>) has a name that is reserved by Python or Dagster.",
      "DAGMA_NAME_RESERVED Multi-asset "type" (<place>) has a name that is reserved by Python or Dagster.",
      "DAGMA_NAME_RESERVED Check "arg:dict" (<place>) is called "arg_dict" in Dagster, a name that is reserved by Python or Dagster.",
      "DAGMA_NAME_RESERVED Job "None" (<place>) has a name that is reserved by Python or Dagster.",
      "DAGMA_NAME_RESERVED Job "__ASSET_JOB" (<place>) has a name that is reserved by Python or Dagster.",
      "DAGMA_NAME_RESERVED Schedule "return" (<place>) has a name that is reserved by Python or Dagster.",
      "DAGMA_NAME_RESERVED Sensor "context" (<place>) has a name that is reserved by Python or Dagster.",
    ]
  `)
})

test('names that are reserved on their own are fine as a part of a key, and as groups and checks', () => {
  const declare = () =>
    definitions({
      assets: [asset({ key: 'shop/config', group: 'class', checks: { type: {} }, run }), asset({ key: 'config', keyPrefix: 'a', run })],
    })
  expect(declare).not.toThrow()
})

test('one name of a schedule and a sensor, or of a job and a step', async () => {
  const declare = () =>
    definitions({
      assets: [asset({ key: 'all', run })],
      jobs: [all],
      schedules: [schedule({ name: 'tick', job: all, cronSchedule: '@daily' })],
      sensors: [sensor({ name: 'tick', job: all, run: () => undefined })],
    })
  expect(await problems(declare)).toMatchInlineSnapshot(`
    [
      "DAGMA_KEY_DUPLICATE Two definitions are named "all" (<place>, <place>).",
      "DAGMA_KEY_DUPLICATE Two definitions are named "tick" (<place>, <place>).",
    ]
  `)
})

test('a job that selects a part of a multi-asset has all of it, unless it can be subset', () => {
  const keys = (canSubset: boolean) => {
    const both = multiAsset({ name: 'both', assets: { a: {}, b: {} }, canSubset: canSubset as true, run: () => ({ a: 1, b: 2 }) })
    return definitions({ assets: [both], jobs: [job({ name: 'part', selection: 'a' })] }).jobs.get('part')?.assetKeys
  }
  expect([keys(false), keys(true)]).toEqual([['a', 'b'], ['a']])
})
