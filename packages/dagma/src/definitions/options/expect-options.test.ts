import { describe, expect, test } from 'vitest'
import { thrownBy } from '../../test/temporary.ts'
import { asset } from '../assets/asset.ts'
import { assetCheck } from '../assets/asset-check.ts'
import { externalAsset } from '../assets/external-asset.ts'
import { multiAsset } from '../assets/multi-asset.ts'
import { observableAsset } from '../assets/observable-asset.ts'
import { materializeResult } from '../assets/results.ts'
import { retryPolicy } from '../assets/retry-policy.ts'
import { job } from '../automation/job.ts'
import { runRequest } from '../automation/run-request.ts'
import { schedule } from '../automation/schedule.ts'
import { sensor } from '../automation/sensor.ts'
import { definitions } from '../definitions.ts'
import { PartitionMapping } from '../partitions/partition-mapping.ts'
import { dailyPartitions, hourlyPartitions } from '../partitions/partitions.ts'
import { resource } from '../resource.ts'

/** Declarations as JavaScript calls them, without types. */
type Untyped = (options: object) => unknown
const run = () => 1

/** Every declaration with options that it takes, and one that it does not. */
const declarations: readonly [name: string, declare: unknown, options: object, slip: string, meant: string][] = [
  ['asset()', asset, { key: 'a', run }, 'dep', 'deps'],
  ['multiAsset()', multiAsset, { name: 'm', assets: { a: {} }, run }, 'canSubste', 'canSubset'],
  ['asset "a" of multiAsset()', (part: object) => multiAsset({ name: 'm', assets: { a: part }, run } as never), {}, 'dependencies', ''],
  ['externalAsset()', externalAsset, { key: 'a' }, 'grup', 'group'],
  ['observableAsset()', observableAsset, { key: 'a', run }, 'inputs', ''],
  ['assetCheck()', assetCheck, { asset: 'a', name: 'c', run }, 'block', ''],
  ['check "c"', (check: object) => asset({ key: 'a', checks: { c: check }, run } as never), {}, 'bloking', 'blocking'],
  ['job()', job, { name: 'j', selection: '*' }, 'select', ''],
  ['schedule()', schedule, { name: 's', job: 'j', cronSchedule: '@daily' }, 'executionTimeZone', 'executionTimezone'],
  ['sensor()', sensor, { name: 's', job: 'j', run }, 'minimumIntervalSecond', 'minimumIntervalSeconds'],
  ['resource()', resource, { open: run }, 'cloze', 'close'],
  ['dailyPartitions()', dailyPartitions, { start: '2026-01-01' }, 'timeZone', 'timezone'],
  ['hourlyPartitions()', hourlyPartitions, { start: '2026-01-01' }, 'cadence', ''],
  ['PartitionMapping.timeWindow()', PartitionMapping.timeWindow, {}, 'startOfset', 'startOffset'],
  ['retryPolicy()', retryPolicy, {}, 'maxRetrys', 'maxRetries'],
  ['runRequest()', runRequest, {}, 'partition', 'partitionKey'],
  ['materializeResult()', (extras: object) => materializeResult(1, extras as never), {}, 'dataversion', 'dataVersion'],
  ['definitions()', definitions, { assets: [] }, 'asset', 'assets'],
]

describe.each(declarations)('%s', (...[name, declare, options, slip, meant]) => {
  const call = declare as Untyped

  test('refuses an option that it does not have, and says which was meant', async () => {
    const error = await thrownBy(() => call({ ...options, [slip]: undefined }))
    expect(error).toMatchObject({ code: 'DAGMA_OPTION_UNKNOWN', kind: 'definition' })
    expect(error.message).toContain(`${name} has no option "${slip}"`)
    expect(error.message).toContain(meant === '' ? '(options: ' : `Did you mean "${meant}"?`)
  })

  test('names an option that is missing', async () => {
    for (const option of Object.keys(options).filter((one) => one !== 'assets')) {
      const { [option]: _, ...others } = options as { [option: string]: unknown }
      expect((await thrownBy(() => call(others))).message).toContain(`The option "${option}" of ${name} is missing.`)
    }
  })
})

test('options of another kind are named', async () => {
  const reason = async (options: object) =>
    (await thrownBy(() => (asset as Untyped)({ key: 'a', run, ...options }))).message.split(' of asset() ')[1]
  expect(await reason({ run: 5 })).toMatch(/^must be a function\./)
  expect(await reason({ owners: 'ann@example.com' })).toMatch(/^must be a list of texts\./)
  expect(await reason({ description: 5 })).toMatch(/^must be text\./)
  expect(await reason({ tags: ['a'] })).toMatch(/^must be an object of texts\./)
  expect(await reason({ key: [1] })).toMatch(/^must be text or a list of texts\./)
  expect(await reason({ deps: [undefined] })).toMatch(
    /^must be a list of assets or their keys; it holds undefined, as when modules import each other/,
  )
  expect((await thrownBy(() => (asset as Untyped)('a' as never))).message).toContain('The option "options" of asset() must be an object.')
})

test('deps of a multi-asset are upstream of each of its assets', () => {
  const [raw, more] = [asset({ key: 'raw', run }), asset({ key: 'more', run })]
  const both = multiAsset({ name: 'both', deps: [raw], assets: { a: { deps: [more] }, b: {} }, run: () => ({ a: 1, b: 2 }) })
  const { assets } = definitions({ assets: [both, raw, more] })
  const upstream = (key: string) => assets.get(key)?.deps.map((dep) => dep.key.join('/'))
  expect([upstream('a'), upstream('b')]).toEqual([['more', 'raw'], ['raw']])
})
