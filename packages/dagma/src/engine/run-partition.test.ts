import { describe, expect, test, vi } from 'vitest'
import { asset } from '../definitions/assets/asset.ts'
import { assetCheck } from '../definitions/assets/asset-check.ts'
import { mapped } from '../definitions/assets/asset-spec.ts'
import { definitions } from '../definitions/definitions.ts'
import type { AnyAsset } from '../definitions/model.ts'
import { PartitionMapping } from '../definitions/partitions/partition-mapping.ts'
import {
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  multiPartitions,
  staticPartitions,
  weeklyPartitions,
} from '../definitions/partitions/partitions.ts'
import { TimeWindows } from '../definitions/partitions/time-windows.ts'
import { thrownBy } from '../test/temporary.ts'
import { planRun } from './plan.ts'

const run = (): number => 1
const now = new Date('2026-11-20T12:00:00Z')
const clicks = asset({ key: 'clicks', partitions: hourlyPartitions({ start: '2026-11-01' }), run })
const day = asset({
  key: 'day',
  partitions: dailyPartitions({ start: '2026-11-01' }),
  inputs: { clicks: mapped(clicks, PartitionMapping.timeWindow({})) },
  run,
})
const week = asset({
  key: ['reports', 'weekly'],
  partitions: weeklyPartitions({ start: '2026-11-01' }),
  inputs: { day: mapped(day, PartitionMapping.timeWindow({})) },
  run,
})
const summary = asset({ key: 'summary', deps: [week], run })

test('a run of checks has a partition of the assets that they check, or none', async () => {
  const fits = assetCheck({ asset: day, name: 'fits', run: () => ({ passed: true }) })
  const sums = assetCheck({ asset: summary, name: 'sums', run: () => ({ passed: true }) })
  const project = definitions({ assets: [clicks, day, week, summary], checks: [fits, sums] })
  const check = (assetKeys: string[], partitionKey: string | undefined) =>
    planRun(project, { assetKeys, kind: 'check', partitionKey, config: {} }, { now })
  expect(await check(['day', 'summary'], '2026-11-02')).toHaveLength(2)
  expect(await check(['day'], undefined)).toHaveLength(1)
  const unknown = await thrownBy(() => check(['day', 'summary'], 'nonsense'))
  expect(unknown).toMatchObject({ code: 'DAGMA_PARTITION_UNKNOWN', hint: expect.stringContaining('once its window has ended') })
  expect(await thrownBy(() => check(['summary'], '2026-11-02'))).toMatchObject({ code: 'DAGMA_PARTITION_WITHOUT_PARTITIONS' })
})

test('the hint for an unknown static partition does not mention time', async () => {
  const fixed = asset({ key: 'fixed', partitions: staticPartitions(['a']), run })
  expect(await thrownBy(() => plan([fixed], 'b'))).toMatchObject({ hint: 'Pass one of its partitions.' })
})

function plan(all: readonly AnyAsset[], partitionKey: string | undefined, assetKeys?: string[]) {
  const project = definitions({ assets: all })
  return planRun(
    project,
    { assetKeys: assetKeys ?? [...project.assets.keys()], kind: 'materialize', partitionKey, config: {} },
    { now, dynamicKeys: () => ['ada'] },
  )
}

describe('assets with different partitions', () => {
  test('are not run with one partition; the commands that make the wanted one are named', async () => {
    const { code, message } = (await thrownBy(() => plan([day, week, clicks], '2026-11-08', ['day', 'reports/weekly']))) as never
    expect(code).toBe('DAGMA_PARTITIONS_MIXED')
    expect(message).toMatchInlineSnapshot(
      `"All assets of a run must have the same partitions, but these differ: day (daily from 2026-11-01), reports/weekly (weekly from 2026-11-01). Run them separately, in this order: \`dagma asset materialize --select day --partition-range 2026-11-08...2026-11-14\`, then \`dagma asset materialize --select reports/weekly --partition 2026-11-08\`. [DAGMA_PARTITIONS_MIXED]"`,
    )
  })

  test('over three cadences, what each needs of the one before it', async () => {
    const { message } = await thrownBy(() => plan([clicks, day, week, summary], '2026-11-08'))
    expect(message.split('then ')).toMatchInlineSnapshot(`
      [
        "All assets of a run must have the same partitions, but these differ: clicks (hourly from 2026-11-01), day (daily from 2026-11-01), reports/weekly (weekly from 2026-11-01). Run them separately, in this order: \`dagma asset materialize --select clicks --partition-range 2026-11-08-00:00...2026-11-14-23:00\`, ",
        "\`dagma asset materialize --select day --partition-range 2026-11-08...2026-11-14\`, ",
        "\`dagma asset materialize --select reports/weekly --partition 2026-11-08\`, ",
        "\`dagma asset materialize --select summary\`. [DAGMA_PARTITIONS_MIXED]",
      ]
    `)
  })

  test('keys that a shell would read otherwise are in quotes', async () => {
    const both = multiPartitions({ country: staticPartitions(['de', "d'or"]), day: dailyPartitions({ start: '2026-11-18' }) })
    const grid = asset({ key: 'grid', partitions: both, run })
    const { message } = await thrownBy(() =>
      plan([grid, asset({ key: 'other', partitions: staticPartitions(['x']), run })], "d'or|2026-11-18"),
    )
    expect(message).toContain(`\`dagma asset materialize --select grid --partition 'd'\\''or|2026-11-18'\``)
    expect(message).toContain('`dagma asset materialize --select other --partition <key>`')
  })

  test('are also refused without a partition; the same partitions, differently written, are taken', async () => {
    expect(await thrownBy(() => plan([day, week, clicks], undefined))).toMatchObject({ code: 'DAGMA_PARTITIONS_MIXED' })
    const hours = asset({ key: 'hours', partitions: hourlyPartitions({ start: '2026-11-01-00:00' }), run })
    expect(await plan([clicks, hours], '2026-11-08-05:00')).toHaveLength(2)
  })
})

test('upstream partitions that do not exist are refused before anything runs', async () => {
  const early = asset({
    key: 'early',
    partitions: dailyPartitions({ start: '2026-10-30' }),
    inputs: { day: mapped(day, PartitionMapping.timeWindow({})) },
    run,
  })
  const refused = await thrownBy(() => plan([clicks, day, early], '2026-10-30', ['early']))
  expect(refused).toMatchObject({ code: 'DAGMA_UPSTREAM_PARTITIONS_NONEXISTENT' })
})

test('dynamic partitions are those that were added; where they are not known, any may be one', async () => {
  const customers = asset({ key: 'customers', partitions: dynamicPartitions('names'), run })
  const all = asset({ key: 'all', inputs: { customers: mapped(customers, PartitionMapping.all()) }, run })
  const last = asset({ key: 'last', inputs: { customers: mapped(customers, PartitionMapping.last()) }, run })
  expect(await plan([customers, all], undefined, ['all'])).toHaveLength(1)
  expect(await plan([customers, all], 'ada', ['customers'])).toHaveLength(1)
  expect(await thrownBy(() => plan([customers, all], 'anyone', ['customers']))).toMatchObject({ code: 'DAGMA_PARTITION_UNKNOWN' })
  const request = { kind: 'materialize', config: {} } as const
  const planned = (assetKey: string, partitionKey: string | undefined) =>
    planRun(definitions({ assets: [customers, all, last] }), { ...request, assetKeys: [assetKey], partitionKey }, { now })
  expect(await planned('customers', 'anyone')).toHaveLength(1)
  expect(await planned('last', undefined)).toHaveLength(1)
})

test('fifty hourly assets since 2010 are planned without listing their hours', async () => {
  const assets = Array.from({ length: 50 }, (_, index) =>
    asset({ key: `hourly_${index}`, partitions: hourlyPartitions({ start: '2010-01-01', timezone: 'Europe/Berlin' }), run }),
  )
  const listed = vi.spyOn(TimeWindows.prototype, 'keysOf')
  expect(await plan(assets, '2026-10-25-02:00+0100')).toHaveLength(50)
  expect(listed).not.toHaveBeenCalled()
  listed.mockRestore()
})
