import { expect, test } from 'vitest'
import { asset } from '../definitions/assets/asset.ts'
import { mapped } from '../definitions/assets/asset-spec.ts'
import { retryPolicy } from '../definitions/assets/retry-policy.ts'
import { definitions } from '../definitions/definitions.ts'
import { PartitionMapping } from '../definitions/partitions/partition-mapping.ts'
import { dynamicPartitions } from '../definitions/partitions/partitions.ts'
import { temporaryFolder, thrownBy } from '../test/temporary.ts'
import { EventLog } from './event-log.ts'
import { materialize } from './materialize.ts'

const customers = asset({ key: 'customers', partitions: dynamicPartitions('names'), run: ({ partitionKey }) => partitionKey.length })
const total = asset({
  key: 'total',
  inputs: { customers: mapped(customers, PartitionMapping.all()) },
  run: ({ inputs }) => Object.values(inputs.customers).reduce((sum, length) => sum + length, 0),
})

function keysOf(projectFolder: string): string[] {
  using log = EventLog.openToRead(projectFolder)
  return log.dynamicPartitions('names')
}

test('keys are in the order in which they were added, once; deleted ones keep their materializations', async () => {
  const projectFolder = temporaryFolder()
  const all = definitions({ assets: [customers, total] })
  const change = (options: { add?: string[]; remove?: string[] }) => {
    using log = EventLog.open(projectFolder)
    return log.changeDynamicPartitions({ partitions: 'names', ...options })
  }
  expect(change({ add: ['zoe', 'ada', 'bob'] })).toEqual({ added: ['zoe', 'ada', 'bob'], deleted: [] })
  expect(change({ add: ['ada', 'eve'] }).added).toEqual(['eve'])
  for (const partitionKey of ['zoe', 'ada', 'bob', 'eve'])
    expect(await materialize(all, { projectFolder, selection: 'customers', partitionKey })).toMatchObject({ status: 'SUCCESS' })
  expect(await (await materialize(all, { projectFolder, selection: 'total' })).load(total)).toBe(12)
  expect(change({ remove: ['zoe', 'nobody'] }).deleted).toEqual(['zoe'])
  expect(keysOf(projectFolder)).toEqual(['ada', 'bob', 'eve'])
  const refused = await thrownBy(() => materialize(all, { projectFolder, selection: 'customers', partitionKey: 'zoe' }))
  expect(refused).toMatchObject({ code: 'DAGMA_PARTITION_UNKNOWN', message: expect.stringContaining('dagma partition add') })
  expect(await (await materialize(all, { projectFolder, selection: 'total' })).load(total)).toBe(9)
  change({ add: ['zoe'] })
  expect(keysOf(projectFolder)).toEqual(['ada', 'bob', 'eve', 'zoe'])
  expect(await (await materialize(all, { projectFolder, selection: 'total' })).load(total)).toBe(12)
})

test('a step changes them when its attempt has succeeded, and what is downstream of it sees that', async () => {
  const projectFolder = temporaryFolder()
  const found = asset({
    key: 'found',
    retryPolicy: retryPolicy({ maxRetries: 1 }),
    run: ({ addDynamicPartitions, deleteDynamicPartitions, retryNumber }) => {
      addDynamicPartitions('names', retryNumber === 0 ? ['lost'] : ['ada', 'bob'])
      deleteDynamicPartitions('names', ['old'])
      if (retryNumber === 0) throw new Error('not yet')
    },
  })
  const failing = asset({
    key: 'failing',
    run: ({ addDynamicPartitions }): number => {
      addDynamicPartitions('names', ['lost'])
      throw new Error('no')
    },
  })
  const wrong = asset({ key: 'wrong', run: ({ addDynamicPartitions }) => addDynamicPartitions('names', ['a...b']) })
  const counted = asset({
    key: 'counted',
    deps: [found],
    inputs: { customers: mapped(customers, PartitionMapping.all()) },
    run: () => 1,
  })
  const all = definitions({ assets: [customers, found, failing, wrong, counted] })
  {
    using log = EventLog.open(projectFolder)
    log.changeDynamicPartitions({ partitions: 'names', add: ['old'] })
  }
  const run = await materialize(all, { projectFolder, selection: 'found,failing,wrong,counted' })
  expect(keysOf(projectFolder)).toEqual(['ada', 'bob'])
  const failures = run.events.flatMap((event) => (event.type === 'STEP_FAILURE' ? [`${event.step}: ${event.error.message}`] : []))
  expect(failures.find((text) => text.startsWith('counted'))).toMatch(/ada.*bob/s) // which were not materialized
  expect(failures.find((text) => text.startsWith('wrong'))).toContain('has "...", which Dagster does not take')
})

test('a step lists the keys as they are, without what it changes itself', async () => {
  const projectFolder = temporaryFolder()
  const found = asset({
    key: 'found',
    run: async ({ addDynamicPartitions, listDynamicPartitions }) => {
      addDynamicPartitions('names', ['bob'])
      return [await listDynamicPartitions('names'), await listDynamicPartitions('others')]
    },
  })
  const make = async () => (await materialize(definitions({ assets: [found] }), { projectFolder })).load(found)
  expect(await make()).toEqual([[], []])
  expect(await make()).toEqual([['bob'], []])
})
