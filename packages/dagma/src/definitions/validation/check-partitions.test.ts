import { describe, expect, test } from 'vitest'
import { thrownBy } from '../../test/temporary.ts'
import { asset } from '../assets/asset.ts'
import { type Dep, mapped } from '../assets/asset-spec.ts'
import { definitions } from '../definitions.ts'
import { PartitionMapping } from '../partitions/partition-mapping.ts'
import type { PartitionsDefinition } from '../partitions/partition-types.ts'
import {
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  staticPartitions,
  timeWindowPartitions,
  weeklyPartitions,
} from '../partitions/partitions.ts'

const day = (start: string, more: { end?: string; timezone?: string } = {}) => dailyPartitions({ start, ...more })
const daily = (exclude: string[]) => dailyPartitions({ start: '2026-01-01', exclude })
const byCron = (cronSchedule: string, keyFormat: string) => timeWindowPartitions({ cronSchedule, keyFormat, start: '2026-01-01' })
const regions = staticPartitions(['x', 'y'])

describe('partitions that Dagster does not take, or that the hosts read differently, are refused with the reason', () => {
  test.each<[string, PartitionsDefinition]>([
    ['the start "2026-02-30" is not a date', day('2026-02-30')],
    ['the start "2026-1-5" is not a date', day('2026-1-5')],
    ['the start "0999-01-01" is not a date', day('0999-01-01')],
    ['the end "soon" is not a date', day('2026-01-01', { end: 'soon' })],
    ['the start "2026-05-01-06:00" has a time of day', day('2026-05-01-06:00')],
    ['the start "2026-05-01-25:00" is not a date', hourlyPartitions({ start: '2026-05-01-25:00' })],
    ['the start "2026-05-01-24:00" is not a date', hourlyPartitions({ start: '2026-05-01-24:00' })],
    ['no day fits between the start "2026-05-01" and the end "2026-01-01"', day('2026-05-01', { end: '2026-01-01' })],
    ['no month fits between', monthlyPartitions({ start: '2026-01-15', end: '2026-02-20' })],
    ['no week fits between', weeklyPartitions({ start: '2026-01-05', end: '2026-01-12' })],
    ...['+02:00', 'europe/berlin', 'US/eastern', 'ACT', 'SystemV/PST8', 'utc', 'Mars/Base', ''].map(
      (timezone): [string, PartitionsDefinition] => [`the time zone "${timezone}" is unknown`, day('2026-01-01', { timezone })],
    ),
    [
      'the minuteOffset of hourly partitions is an integer from 0 to 59, not 75',
      hourlyPartitions({ start: '2026-01-01', minuteOffset: 75 }),
    ],
    ['the hourOffset of daily partitions is an integer from 0 to 23, not 24', dailyPartitions({ start: '2026-01-01', hourOffset: 24 })],
    ['the dayOffset of weekly partitions is an integer from 0 to 6, not 7', weeklyPartitions({ start: '2026-01-01', dayOffset: 7 })],
    ['the dayOffset of monthly partitions is an integer from 1 to 28, not 31', monthlyPartitions({ start: '2026-01-01', dayOffset: 31 })],
    ['the endOffset of daily partitions is an integer, not 0.5', dailyPartitions({ start: '2026-01-01', endOffset: 0.5 })],
    ['the dayOffset of daily partitions is for other cadences, not 2', { ...day('2026-01-01'), dayOffset: 2 }],
    ['the exclusion "2026-01-32" is neither the key of a partition nor a cron expression', daily(['2026-01-32'])],
    ['the exclusion "2026-01-04" is neither', weeklyPartitions({ start: '2026-01-01', dayOffset: 1, exclude: ['2026-01-04'] })],
    ['the exclusion "0 0 * *" is neither', daily(['0 0 * *'])],
    ['all partitions are excluded', daily(['0 0 * * *'])],
    [
      'all partitions are excluded', // the years end before as many windows are inspected as of other definitions
      timeWindowPartitions({ start: '2026-01-01', cronSchedule: '0 0 1 1 *', keyFormat: '%Y', exclude: ['0 0 1 * *'] }),
    ],
    ['no day fits between', dailyPartitions({ start: '2026-01-03', end: '2026-01-05', exclude: ['0 0 * * 0,6'] })],
    ['the cron expression "0 0 * *" is not one that Dagster takes: it does not have five fields', byCron('0 0 * *', '%Y')],
    ['the keyFormat "%B %Y" has "%B"', byCron('0 0 1 * *', '%B %Y')],
    ['the keyFormat "%Y-%m-%d" gives the key "2026-01-01" to more than one window of "0 */6 * * *"', byCron('0 */6 * * *', '%Y-%m-%d')],
    [
      'the start "2026-02-30" is not a date such as 2026-01-31 or 2026-01-31-06:00',
      { ...byCron('0 0 * * *', '%Y-%m-%d'), start: '2026-02-30' },
    ],
    ['the list of static keys is empty', staticPartitions([])],
    ['the static key 2024 is not a string', staticPartitions([2024, 2025] as never)],
    ['the static key "" is empty', staticPartitions(['v1', ''])],
    ['the static key "a...b" has "..."', staticPartitions(['a...b'])],
    ['the static key "tab\\tkey" has "\\t"', staticPartitions(['tab\tkey'])],
    ['the static key "a" is there twice', staticPartitions(['a', 'b', 'a'])],
    ['the dynamic partitions have no name', dynamicPartitions('')],
    ['they have 1 dimensions', multiPartitions({ x: regions })],
    ['in the dimension "x", the key "a|b" has one of', multiPartitions({ x: staticPartitions(['a|b']), y: regions })],
    ['in the dimension "x", the key "2,3" has one of', multiPartitions({ x: staticPartitions(['2,3']), y: regions })],
    ['in the dimension "x", the start "2026-02-30"', multiPartitions({ x: day('2026-02-30'), y: regions })],
    ['the dimension "x" has dimensions itself', multiPartitions({ x: multiPartitions({ a: regions, b: regions }) as never, y: regions })],
  ])('%s', async (reason, partitions) => {
    const { message } = await thrownBy(() => definitions({ assets: [asset({ key: 'a', partitions, run: () => 1 })] }))
    expect(message).toContain(`Asset "a"`)
    expect(message).toContain(reason)
    expect(message).toContain('[DAGMA_PARTITIONS_INVALID]')
  })
})

test.each<[string, PartitionsDefinition]>([
  ['a skipped start', hourlyPartitions({ start: '2026-03-29-02:30', timezone: 'Europe/Berlin' })],
  ['a midnight that is skipped', day('2026-03-29', { timezone: 'Asia/Beirut' })],
  ['other names of zones', day('2026-01-01', { timezone: 'EST5EDT' })],
  ['dimensions of any name', multiPartitions({ 'my dim/1': regions, ä: dynamicPartitions('x') })],
])('%s is taken, as by Dagster', (_, partitions) => {
  expect(definitions({ assets: [asset({ key: 'a', partitions, run: () => 1 })] }).assets.size).toBe(1)
})

describe('mappings that Dagster does not take are refused, of inputs and of deps', () => {
  const berlin = day('2026-01-01', { timezone: 'Europe/Berlin' })
  const both = multiPartitions({ day: day('2026-01-01'), region: regions })
  test.each<[string, PartitionsDefinition, PartitionsDefinition | undefined, PartitionMapping | undefined]>([
    ['its time zone is Europe/Berlin and the own one UTC', berlin, day('2026-01-01'), PartitionMapping.timeWindow({})],
    ['its time zone is Europe/Berlin and the own one UTC', berlin, weeklyPartitions({ start: '2026-01-01' }), undefined],
    ['both must have time partitions', regions, day('2026-01-01'), PartitionMapping.timeWindow({})],
    ['by the same key, while its partitions are static and the own ones daily', regions, day('2026-01-01'), undefined],
    ['by the same key, while its partitions are daily and the own ones none', day('2026-01-01'), undefined, PartitionMapping.identity()],
    ['which must be integers', day('2026-01-01'), day('2026-01-01'), PartitionMapping.timeWindow({ startOffset: -0.5 })],
    ['which end before they start', day('2026-01-01'), day('2026-01-01'), PartitionMapping.timeWindow({ startOffset: 1 })],
    ['do not include "z" of the static mapping', regions, regions, PartitionMapping.static({ z: 'x' })],
    ['to "z", which is not one of the own partitions', regions, regions, PartitionMapping.static({ x: 'z' })],
    ['do not include "z"', regions, undefined, PartitionMapping.specific(['z'])],
    ['while one of them must have two dimensions', regions, regions, PartitionMapping.multiToSingle()],
    ['naming the dimension "day", while "region" is the one that fits', both, regions, PartitionMapping.multiToSingle('day')],
    ['no dimension has the same partitions', both, staticPartitions(['other']), PartitionMapping.multiToSingle('region')],
    ['two dimensions fit', multiPartitions({ a: regions, b: regions }), regions, PartitionMapping.multiToSingle('a')],
    ['while both must have two dimensions', both, regions, PartitionMapping.multi({})],
    [
      'its dimension "size", which it does not have',
      both,
      both,
      PartitionMapping.multi({ size: { dimension: 'day', mapping: PartitionMapping.all() } }),
    ],
    [
      'the own dimension "size", which does not exist',
      both,
      both,
      PartitionMapping.multi({ day: { dimension: 'size', mapping: PartitionMapping.all() } }),
    ],
    [
      'two dimensions to the own dimension "day"',
      both,
      both,
      PartitionMapping.multi({
        day: { dimension: 'day', mapping: PartitionMapping.identity() },
        region: { dimension: 'day', mapping: PartitionMapping.all() },
      }),
    ],
    [
      'its dimension "region", by a mapping of time windows, while both must have time partitions',
      both,
      both,
      PartitionMapping.multi({ region: { dimension: 'region', mapping: PartitionMapping.timeWindow() } }),
    ],
  ])('%s', async (reason, theirs, own, mapping) => {
    const upstream = asset({ key: 'upstream', partitions: theirs, run: () => 1 })
    const dep: Dep = mapping === undefined ? upstream : mapped(upstream, mapping)
    const below = asset({ key: 'below', deps: [dep], ...(own && { partitions: own }), run: () => 1 })
    const { message } = await thrownBy(() => definitions({ assets: [upstream, below] }))
    expect(message).toContain('Step "below"')
    expect(message).toContain(`depends on "upstream", `)
    expect(message).toContain(reason)
    expect(message).toContain('[DAGMA_PARTITIONS_MISMATCH]')
  })
})
