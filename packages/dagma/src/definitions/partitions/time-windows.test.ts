import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type DagsterCases, differences } from '../../test/dagster-cases.ts'
import { thrownBy } from '../../test/temporary.ts'
import { asset } from '../assets/asset.ts'
import { mapped } from '../assets/asset-spec.ts'
import { definitions } from '../definitions.ts'
import { PartitionMapping } from './partition-mapping.ts'
import {
  dailyPartitions,
  dynamicPartitions,
  hasPartition,
  lastPartitionKey,
  multiPartitions,
  partitionKeys,
  partitionRange,
  samePartitions,
  staticPartitions,
  timeWindowPartitions,
  weeklyPartitions,
} from './partitions.ts'
import { TimeWindows } from './time-windows.ts'
import { upstreamKeys } from './upstream-partitions.ts'

/** Dagster's own windows: `python scripts/random/partitions.py 1 25`. The tests of `real` ask it again. */
const golden = JSON.parse(readFileSync(new URL('golden-dagster-cases.json', import.meta.url), 'utf8')) as DagsterCases

test('windows, keys, mappings and ticks are those of Dagster', () => {
  expect(differences(golden)).toEqual([])
})

const days = dailyPartitions({ start: '2026-01-01', end: '2026-01-11' })
const regions = staticPartitions(['x', 'y'])
const now = new Date('2026-03-01T00:00:00Z')

test('keys of two dimensions are joined in the order of the dimensions’ names', () => {
  const both = multiPartitions({ region: regions, day: dailyPartitions({ start: '2026-01-01', end: '2026-01-03' }) })
  expect(partitionKeys(both, { now })).toEqual(['2026-01-01|x', '2026-01-01|y', '2026-01-02|x', '2026-01-02|y'])
  expect(hasPartition(both, '2026-01-02|y', { now })).toBe(true)
  expect([hasPartition(both, 'y|2026-01-02', { now }), hasPartition(both, '2026-01-02', { now })]).toEqual([false, false])
})

test('windows of a cron expression, those before the start too', () => {
  const shifts = timeWindowPartitions({
    cronSchedule: '0 6,18 * * 1-5',
    keyFormat: '%y%m%d %H',
    start: '2026-01-05',
    timezone: 'Europe/Berlin',
  })
  const [first, ...others] = partitionKeys(shifts, { now: new Date('2026-01-07T05:00:00Z') })
  expect([first, ...others]).toEqual(['260105 06', '260105 18', '260106 06', '260106 18'])
  const windows = TimeWindows.of(shifts)
  expect(windows.windowOf('260102 18')).toEqual({ start: Date.parse('2026-01-02T17:00Z'), end: Date.parse('2026-01-05T05:00Z') })
  const yearly = TimeWindows.of(timeWindowPartitions({ cronSchedule: '0 0 29 2 *', keyFormat: '%Y', start: '2025-01-01' }))
  expect([-2, -1, 0, 1].map((index) => windows.keyOf(index))).toEqual(['260102 06', '260102 18', '260105 06', '260105 18'])
  expect([-2, -1, 0].map((index) => yearly.keyOf(index))).toEqual(['2020', '2024', '2028'])
})

test('the same windows are the same partitions, however they are declared', () => {
  const [start, timezone] = ['2026-01-01', 'Europe/Berlin']
  const byCron = timeWindowPartitions({ cronSchedule: '0 0 * * *', keyFormat: '%Y-%m-%d', start, timezone })
  expect(samePartitions(byCron, dailyPartitions({ start, timezone }))).toBe(true)
  expect(samePartitions(byCron, dailyPartitions({ start, timezone, exclude: ['2026-01-02'] }))).toBe(false)
})

test('excluded windows are not there, and offsets count the others', async () => {
  const workdays = dailyPartitions({ start: '2026-01-01', end: '2026-01-14', exclude: ['0 0 * * 0,6', '2026-01-06'] })
  const keys = partitionKeys(workdays, { now })
  expect(keys).toEqual(['01', '02', '05', '07', '08', '09', '12', '13'].map((day) => `2026-01-${day}`))
  expect([hasPartition(workdays, '2026-01-06', { now }), hasPartition(workdays, '2026-01-03', { now })]).toEqual([false, false])
  expect(partitionRange(workdays, { from: '2026-01-02', to: '2026-01-07' }, { asset: 'a', now })).toEqual(keys.slice(1, 4))
  const before = mapped({ key: ['up'] }, PartitionMapping.timeWindow({ startOffset: -2, endOffset: -1 }))
  const assets = definitions({ assets: [asset({ key: 'up', partitions: workdays, run: () => 1 })] })
  expect(upstreamKeys(before, assets, { partitions: workdays, key: '2026-01-08' }, { now })).toEqual(['2026-01-05', '2026-01-07'])
  const monday = dailyPartitions({ start: '2026-01-01', endOffset: 1, exclude: ['0 0 * * 0,6'] })
  expect(lastPartitionKey(monday, { now: new Date('2026-01-10T12:00:00Z') })).toBe('2026-01-12')
})

test('a time partition is there when its window has ended; of dynamic partitions any key, until they are known', () => {
  const open = dailyPartitions({ start: '2026-01-01', timezone: 'America/New_York' })
  expect(hasPartition(open, '2026-01-02', { now: new Date('2026-01-03T04:59:59Z') })).toBe(false)
  expect(hasPartition(open, '2026-01-02', { now: new Date('2026-01-03T05:00:00Z') })).toBe(true)
  expect(hasPartition(dynamicPartitions('names'), 'anything', { now })).toBe(true)
  expect(hasPartition(dynamicPartitions('names'), 'anything', { now, dynamicKeys: () => ['ada'] })).toBe(false)
  expect(hasPartition(dynamicPartitions('names'), 'ada', { now, dynamicKeys: () => ['ada'] })).toBe(true)
  expect(partitionKeys(dynamicPartitions('names'), { now })).toEqual([])
})

test('a range has both its ends; one that is not a range is refused', async () => {
  expect(partitionRange(days, { from: '2026-01-02', to: '2026-01-04' }, { asset: 'a', now })).toEqual([
    '2026-01-02',
    '2026-01-03',
    '2026-01-04',
  ])
  for (const [from, to] of [
    ['2025-12-31', '2026-01-02'],
    ['2026-01-02', '2026-01-11'],
  ] as const) {
    expect(await thrownBy(() => partitionRange(days, { from, to }, { asset: 'a', now }))).toMatchObject({ code: 'DAGMA_PARTITION_UNKNOWN' })
  }
  expect(await thrownBy(() => partitionRange(days, { from: '2026-01-04', to: '2026-01-02' }, { asset: 'a', now }))).toMatchObject({
    code: 'DAGMA_OPTION_INVALID',
  })
})

test('a range over dimensions has each combination of their ranges; one of dynamic keys those between them', async () => {
  const both = multiPartitions({ day: days, region: staticPartitions(['x', 'y', 'z']) })
  expect(partitionRange(both, { from: '2026-01-02|x', to: '2026-01-03|y' }, { asset: 'a', now })).toEqual([
    '2026-01-02|x',
    '2026-01-02|y',
    '2026-01-03|x',
    '2026-01-03|y',
  ])
  expect(await thrownBy(() => partitionRange(both, { from: '2026-01-02|y', to: '2026-01-03|x' }, { asset: 'a', now }))).toMatchObject({
    code: 'DAGMA_OPTION_INVALID',
  })
  const dynamicKeys = () => ['z', 'b', 'y', 'a']
  expect(partitionRange(dynamicPartitions('names'), { from: 'b', to: 'a' }, { asset: 'a', now, dynamicKeys })).toEqual(['b', 'y', 'a'])
})

test('partitions that cannot be made, or do not fit, are errors of the definitions', async () => {
  const weekly = weeklyPartitions({ start: '2026-01-04' })
  const daily = asset({ key: 'daily', partitions: days, run: () => 1 })
  const plain = asset({ key: 'plain', run: () => 1 })
  const assets = [
    daily,
    plain,
    asset({ key: 'when', partitions: dailyPartitions({ start: 'yesterday' }), run: () => 1 }),
    asset({ key: 'where', partitions: dailyPartitions({ start: '2026-01-01', timezone: 'Mars/Base' }), run: () => 1 }),
    asset({ key: 'twice', partitions: staticPartitions(['a', 'a']), run: () => 1 }),
    asset({ key: 'whole', inputs: { daily }, run: () => 1 }),
    asset({ key: 'other', partitions: weekly, inputs: { daily }, run: () => 1 }),
    asset({ key: 'nothing', inputs: { plain: mapped(plain, PartitionMapping.all()) }, run: () => 1 }),
    asset({ key: 'windows', partitions: regions, inputs: { daily: mapped(daily, PartitionMapping.timeWindow({})) }, run: () => 1 }),
    // These fit.
    asset({ key: 'same', partitions: days, inputs: { daily }, run: () => 1 }),
    asset({ key: 'ordered', deps: [daily], run: () => 1 }),
    asset({ key: 'each', partitions: days, inputs: { plain }, run: () => 1 }),
  ]
  const { message } = await thrownBy(() => definitions({ assets }))
  expect(message.replace(/ \(\/[^)]*\)/g, '').split('\n')).toMatchInlineSnapshot(`
    [
      "Asset "when" has invalid partitions: the start "yesterday" is not a date such as 2026-01-31. Fix the start, the end, the time zone, the keys or the dimensions. [DAGMA_PARTITIONS_INVALID]",
      "Asset "where" has invalid partitions: the time zone "Mars/Base" is unknown; names are those of the IANA database, in their own case. Fix the start, the end, the time zone, the keys or the dimensions. [DAGMA_PARTITIONS_INVALID]",
      "Asset "twice" has invalid partitions: the static key "a" is there twice. Fix the start, the end, the time zone, the keys or the dimensions. [DAGMA_PARTITIONS_INVALID]",
      "Step "whole" takes the input "daily" from "daily", which has partitions, while the step has none: choose them by mapped(asset, PartitionMapping.all()) or another mapping. Use the same partitions, or add a partition mapping. See docs/guide/partitions.md. [DAGMA_PARTITIONS_MISMATCH]",
      "Step "other" takes the input "daily" from "daily", which has other partitions: choose them by mapped(asset, mapping). Use the same partitions, or add a partition mapping. See docs/guide/partitions.md. [DAGMA_PARTITIONS_MISMATCH]",
      "Step "nothing" takes the input "plain" from "plain", which has no partitions to map. Use the same partitions, or add a partition mapping. See docs/guide/partitions.md. [DAGMA_PARTITIONS_MISMATCH]",
      "Step "windows" takes the input "daily" from "daily", by a mapping of time windows, while both must have time partitions. Use the same partitions, or add a partition mapping. See docs/guide/partitions.md. [DAGMA_PARTITIONS_MISMATCH]",
    ]
  `)
})
