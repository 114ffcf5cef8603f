import { describe, expect, test } from 'vitest'
import { thrownBy } from '../../test/temporary.ts'
import type { PartitionsDefinition } from './partition-types.ts'
import {
  dailyPartitions,
  dynamicPartitions,
  hasPartition,
  hourlyPartitions,
  lastPartitionKey,
  multiPartitions,
  partitionRange,
  samePartitions,
  sample,
  staticPartitions,
} from './partitions.ts'

const days = dailyPartitions({ start: '2026-01-01', end: '2026-01-11' })
const regions = staticPartitions(['x', 'y'])
const tenants = dynamicPartitions('tenants')
const both = multiPartitions({ day: days, region: regions })
const now = new Date('2026-03-01T00:00:00Z')

test.each<[what: string, one: PartitionsDefinition | undefined, other: PartitionsDefinition | undefined, same: boolean]>([
  ['none', undefined, undefined, true],
  ['some and none', days, undefined, false],
  ['none and some', undefined, days, false],
  ['equal texts', staticPartitions(['a', 'b']), staticPartitions(['a', 'b']), true],
  ['other texts', staticPartitions(['a', 'b']), staticPartitions(['b', 'a']), false],
  ['equal names', dynamicPartitions('a'), dynamicPartitions('a'), true],
  ['other names', dynamicPartitions('a'), dynamicPartitions('b'), false],
  ['equal days', dailyPartitions({ start: '2026-01-01', end: '2026-01-11' }), days, true],
  ['another start', dailyPartitions({ start: '2026-01-02', end: '2026-01-11' }), days, false],
  ['another end', dailyPartitions({ start: '2026-01-01', end: '2026-01-12' }), days, false],
  ['an end and none', dailyPartitions({ start: '2026-01-01' }), days, false],
  ['no end, twice', dailyPartitions({ start: '2026-01-01' }), dailyPartitions({ start: '2026-01-01' }), true],
  ['days and hours', hourlyPartitions({ start: '2026-01-01' }), dailyPartitions({ start: '2026-01-01' }), false],
  ['equal dimensions in another order', multiPartitions({ region: regions, day: days }), both, true],
  ['dimensions of other names', multiPartitions({ area: regions, day: days }), both, false],
  ['other dimensions', multiPartitions({ region: staticPartitions(['x']), day: days }), both, false],
  ['a dimension more', multiPartitions({ region: regions, day: days, tenant: tenants } as never), both, false],
])('whether partitions are the same: %s', (...[, one, other, same]) => {
  expect(samePartitions(one, other)).toBe(same)
  expect(samePartitions(other, one)).toBe(same)
})

test.each<[partitions: PartitionsDefinition, key: string, has: boolean]>([
  [regions, 'x', true],
  [regions, 'z', false],
  [tenants, 'whoever', true],
  [tenants, '', false],
  [days, '2026-01-10', true],
  [days, '2026-01-11', false],
  [both, '2026-01-10|x', true],
  [both, '2026-01-10|z', false],
  [both, '2026-01-11|x', false],
  [both, '2026-01-10', false],
  [both, '2026-01-10|x|x', false],
])('%j: whether it has %j', (partitions, key, has) => {
  expect(hasPartition(partitions, key, { now })).toBe(has)
})

test('the last partition is the last key, of time the last window that has ended; there may be none yet', () => {
  expect(lastPartitionKey(regions, { now })).toBe('y')
  expect(lastPartitionKey(tenants, { now })).toBeUndefined()
  expect(lastPartitionKey(tenants, { now, dynamicKeys: (name) => [name, 'b'] })).toBe('b')
  expect(lastPartitionKey(days, { now })).toBe('2026-01-10')
  expect(lastPartitionKey(days, { now: new Date('2026-01-03T12:00:00Z') })).toBe('2026-01-02')
  expect(lastPartitionKey(days, { now: new Date('2026-01-01T12:00:00Z') })).toBeUndefined()
})

describe('a range of partitions', () => {
  const range = (partitions: PartitionsDefinition, from: string, to: string) =>
    partitionRange(partitions, { from, to }, { asset: 'a', now })

  test('has both ends and what is between them; of dimensions every combination', () => {
    expect(range(days, '2026-01-09', '2026-01-10')).toEqual(['2026-01-09', '2026-01-10'])
    expect(range(regions, 'x', 'y')).toEqual(['x', 'y'])
    expect(range(regions, 'y', 'y')).toEqual(['y'])
    expect(range(both, '2026-01-01|x', '2026-01-02|y')).toEqual(['2026-01-01|x', '2026-01-01|y', '2026-01-02|x', '2026-01-02|y'])
  })

  test('is refused when its end comes first, and when a key is unknown', async () => {
    for (const [partitions, from, to] of [
      [days, '2026-01-03', '2026-01-01'],
      [regions, 'y', 'x'],
    ] as const) {
      const error = await thrownBy(() => range(partitions, from, to))
      expect(error).toMatchObject({ code: 'DAGMA_OPTION_INVALID' })
      expect(error.message).toContain('partition-range')
      expect(error.message).toContain(`ends before it starts: "${to}" comes before "${from}"`)
    }
    const unknown = await thrownBy(() => range(days, '2026-01-03', '2026-02-01'))
    expect(unknown).toMatchObject({ code: 'DAGMA_PARTITION_UNKNOWN' })
    expect(unknown.message).toContain('2026-02-01')
    expect(unknown.message).toContain('2026-01-01, 2026-01-02, …, 2026-01-09, 2026-01-10')
  })
})

test('up to four keys are shown, of more the first and the last two', () => {
  expect(sample(['a', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c', 'd'])
  expect(sample(['a', 'b', 'c', 'd', 'e'])).toEqual(['a', 'b', '…', 'd', 'e'])
})
