import { expect, test } from 'vitest'
import { thrownBy } from '../../test/temporary.ts'
import { asset } from '../assets/asset.ts'
import { type DepWithMapping, mapped } from '../assets/asset-spec.ts'
import { externalAsset } from '../assets/external-asset.ts'
import { definitions } from '../definitions.ts'
import { PartitionMapping } from './partition-mapping.ts'
import type { PartitionsDefinition } from './partition-types.ts'
import {
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  staticPartitions,
  weeklyPartitions,
} from './partitions.ts'
import { neededDynamicPartitions, nonexistentInputs, upstreamKeys, upstreamPartitions } from './upstream-partitions.ts'

const days = dailyPartitions({ start: '2026-01-01', end: '2026-01-11' })
const weeks = weeklyPartitions({ start: '2026-01-04', end: '2026-02-01' })
const regions = staticPartitions(['x', 'y'])
const now = new Date('2026-03-01T00:00:00Z')

function upstream(theirs: PartitionsDefinition, mapping: PartitionMapping, partitions: PartitionsDefinition, key: string) {
  const from = externalAsset({ key: 'upstream', partitions: theirs })
  return upstreamPartitions(mapped(from, mapping), definitions({ assets: [from] }), { partitions, key }, { now })
}

const timeWindow = PartitionMapping.timeWindow

test('a finer partition gets the coarser one that contains it, a coarser one all finer ones in it', () => {
  const months = monthlyPartitions({ start: '2026-01-01' })
  expect(upstream(months, timeWindow({}), days, '2026-01-05')).toEqual({ many: ['2026-01-01'] })
  expect(upstream(weeks, timeWindow({}), hourlyPartitions({ start: '2026-01-01' }), '2026-01-17-23:00')).toEqual({ many: ['2026-01-11'] })
  expect(upstream(months, timeWindow({}), weeks, '2026-01-25')).toEqual({ many: ['2026-01-01'] })
  expect(upstream(days, timeWindow({}), weeks, '2026-01-04')).toEqual({
    many: ['2026-01-04', '2026-01-05', '2026-01-06', '2026-01-07', '2026-01-08', '2026-01-09', '2026-01-10'],
  })
})

test('offsets reach before the own first window, and end at the upstream asset’s', () => {
  const later = dailyPartitions({ start: '2026-01-05' })
  expect(upstream(days, timeWindow({ startOffset: -2 }), later, '2026-01-05')).toEqual({ many: ['2026-01-03', '2026-01-04', '2026-01-05'] })
  expect(upstream(days, timeWindow({ startOffset: -6 }), days, '2026-01-02')).toEqual({ many: ['2026-01-01', '2026-01-02'] })
})

test('upstream partitions that do not exist, and an own key that does not, are refused', async () => {
  const early = dailyPartitions({ start: '2025-12-30' })
  const refused = await thrownBy(() => upstream(days, timeWindow({}), early, '2025-12-30'))
  expect(refused).toMatchObject({ code: 'DAGMA_UPSTREAM_PARTITIONS_NONEXISTENT' })
  expect(refused.message).toContain('Partition "2025-12-30" depends on partitions of "upstream" that do not exist: 2025-12-30.')
  for (const [mapping, key] of [
    [timeWindow({ startOffset: -1 }), 'yesterday'],
    [PartitionMapping.identity(), '2027-01-01'],
  ] as const)
    expect(await thrownBy(() => upstream(days, mapping, weeks, key))).toMatchObject({ code: 'DAGMA_UPSTREAM_PARTITIONS_NONEXISTENT' })
  expect(await thrownBy(() => upstream(monthlyPartitions({ start: '2026-03-01' }), PartitionMapping.last(), regions, 'x'))).toMatchObject({
    code: 'DAGMA_UPSTREAM_PARTITIONS_NONEXISTENT',
  })
  const allowed = timeWindow({ allowNonexistentUpstreamPartitions: true })
  expect(upstream(days, allowed, early, '2025-12-30')).toEqual({ many: [] })
})

test('a dimension is mapped to the side that has no dimensions, in the order of the dimensions’ names', () => {
  const multi = multiPartitions({ region: regions, day: days })
  expect(upstream(multi, PartitionMapping.multiToSingle('day'), days, '2026-01-05')).toEqual({ many: ['2026-01-05|x', '2026-01-05|y'] })
  expect(upstream(days, PartitionMapping.multiToSingle(), multi, '2026-01-05|x')).toEqual({ many: ['2026-01-05'] })
})

test('nonexistent partitions are named as ranges, or where they are allowed listed by input', async () => {
  const [week, month] = [weeklyPartitions({ start: '2025-12-28' }), monthlyPartitions({ start: '2025-12-01' })]
  const error = await thrownBy(() => upstream(days, timeWindow(), month, '2025-12-01'))
  expect(error.message).toContain('do not exist: 2025-12-01...2025-12-31.')
  const allowed = timeWindow({ allowNonexistentUpstreamPartitions: true })
  expect(upstream(days, allowed, week, '2025-12-28')).toEqual({ many: ['2026-01-01', '2026-01-02', '2026-01-03'] })
  const [own] = definitions({ assets: [asset({ key: 'a', partitions: week, run: () => 1 })] }).steps.values()
  const assets = new Map([['up', { partitions: days }]]) as unknown as Parameters<typeof upstreamKeys>[1]['assets']
  const step = {
    assets: own?.assets ?? [],
    inputs: { first: mapped({ key: ['up'] }, allowed), other: mapped({ key: ['up'] }, PartitionMapping.all()) },
  }
  expect(nonexistentInputs(step, { assets }, ['2025-12-28', '2026-01-04'], { now })).toEqual({
    first: ['2025-12-28', '2025-12-29', '2025-12-30', '2025-12-31'],
  })
})

test('between two dimensions and two, each is mapped by itself; of one that is not named, all partitions are taken', async () => {
  const [theirs, own] = [multiPartitions({ region: regions, day: days }), multiPartitions({ week: weeks, size: regions })]
  const byWeek = { day: { dimension: 'week', mapping: PartitionMapping.timeWindow({ startOffset: 0 }) } }
  const week = Array.from({ length: 7 }, (_, day) => `2026-01-${String(day + 4).padStart(2, '0')}`)
  expect(upstream(theirs, PartitionMapping.multi(byWeek), own, 'x|2026-01-04')).toEqual({
    many: week.flatMap((day) => [`${day}|x`, `${day}|y`]),
  })
  const both = PartitionMapping.multi({ ...byWeek, region: { dimension: 'size', mapping: PartitionMapping.identity() } })
  expect(upstream(theirs, both, own, 'y|2026-01-04')).toEqual({ many: week.map((day) => `${day}|y`) })
  const other = PartitionMapping.multi({ region: { dimension: 'size', mapping: PartitionMapping.identity() } })
  const missing = await thrownBy(() =>
    upstream(multiPartitions({ region: staticPartitions(['z']), day: days }), other, own, 'y|2026-01-04'),
  )
  expect(missing).toMatchObject({ code: 'DAGMA_UPSTREAM_PARTITIONS_NONEXISTENT' })
})

test('dynamic keys are asked of the host where a mapping needs them all', async () => {
  const from = externalAsset({ key: 'upstream', partitions: multiPartitions({ who: dynamicPartitions('names'), region: regions }) })
  const project = definitions({ assets: [from] })
  const inputs = { all: mapped(from, PartitionMapping.all()), one: mapped(from, PartitionMapping.identity()) } satisfies Record<
    string,
    DepWithMapping
  >
  expect(neededDynamicPartitions({ inputs }, project)).toEqual(['names'])
  expect(neededDynamicPartitions({ inputs: { one: inputs.one } }, project)).toEqual([])
  const own = { partitions: undefined, key: undefined }
  const dynamicKeys = (name: string) => [`${name} 1`, `${name} 2`]
  expect(upstreamPartitions(inputs.all, project, own, { now, dynamicKeys })).toEqual({
    many: ['x|names 1', 'x|names 2', 'y|names 1', 'y|names 2'],
  })
})

test('a static mapping gives the upstream keys from which a key is made', () => {
  const zones = staticPartitions(['north', 'south', 'none'])
  const mapping = PartitionMapping.static({ x: 'north', y: ['north', 'south'] })
  expect(upstream(regions, mapping, zones, 'north')).toEqual({ many: ['x', 'y'] })
  expect(upstream(regions, mapping, zones, 'south')).toEqual({ many: ['y'] })
  expect(upstream(regions, mapping, zones, 'none')).toEqual({ many: [] })
})

test('the keys that exist upstream are those of the mapping, none of an asset without partitions', () => {
  const [parted, whole] = [externalAsset({ key: 'parted', partitions: days }), externalAsset({ key: 'whole' })]
  const project = definitions({ assets: [parted, whole] })
  const keys = (dep: DepWithMapping, key: string) => upstreamKeys(dep, project, { partitions: weeks, key }, { now })
  expect(keys(mapped(parted, timeWindow({ startOffset: -1 })), '2026-01-11')).toEqual(
    Array.from({ length: 7 }, (_, day) => `2026-01-${String(day + 4).padStart(2, '0')}`),
  )
  expect(keys(mapped(whole, timeWindow()), '2026-01-11')).toEqual([])
})

test('a dimension by time stands for other windows; a mapping that fits no dimension needs what does not exist', async () => {
  const multi = multiPartitions({ region: regions, week: weeks })
  expect(upstream(multi, PartitionMapping.multiToSingle(), days, '2026-01-05')).toEqual({ many: ['x|2026-01-04', 'y|2026-01-04'] })
  expect(upstream(weeks, PartitionMapping.multiToSingle('week'), multi, 'x|2026-01-04')).toEqual({ many: ['2026-01-04'] })
  const error = await thrownBy(() => upstream(multi, PartitionMapping.multiToSingle('region'), days, '2026-01-05'))
  expect(error).toMatchObject({ code: 'DAGMA_UPSTREAM_PARTITIONS_NONEXISTENT' })
  expect(error.message).toContain('2026-01-05')
})
