import { expect, test } from 'vitest'
import { asset } from '../definitions/assets/asset.ts'
import { dynamicPartitions } from '../definitions/partitions/partitions.ts'
import { thrownBy } from '../test/temporary.ts'
import { materializeToMemory } from './materialize-to-memory.ts'

const customers = asset({ key: 'customers', partitions: dynamicPartitions('names'), run: ({ partitionKey }) => partitionKey.length })

test('in memory, a test gives the keys', async () => {
  const run = await materializeToMemory([customers], { partitionKey: 'ada', dynamicPartitions: { names: ['ada'] } })
  expect(await run.load(customers)).toBe(3)
  expect(await thrownBy(() => materializeToMemory([customers], { partitionKey: 'ada' }))).toMatchObject({ code: 'DAGMA_PARTITION_UNKNOWN' })
})
