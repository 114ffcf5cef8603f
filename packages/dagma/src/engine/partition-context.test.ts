import { expect, test } from 'vitest'
import { asset } from '../definitions/assets/asset.ts'
import { assetCheck } from '../definitions/assets/asset-check.ts'
import { mapped } from '../definitions/assets/asset-spec.ts'
import type { IOContext } from '../definitions/assets/io-manager.ts'
import { typedIOManager } from '../definitions/assets/io-manager.ts'
import { definitions } from '../definitions/definitions.ts'
import { PartitionMapping } from '../definitions/partitions/partition-mapping.ts'
import { dailyPartitions, multiPartitions, staticPartitions, weeklyPartitions } from '../definitions/partitions/partitions.ts'
import { memoryIOManager } from '../runtime/values/memory-io.ts'
import { EventLog } from './event-log.ts'
import { materializeWith } from './materialize-with.ts'

const timezone = 'America/New_York'
const day = dailyPartitions({ start: '2026-10-25', timezone, hourOffset: 2 })
/** From two o'clock to two o'clock over the hour that is repeated: 25 hours. */
const window = { start: new Date('2026-10-31T06:00:00Z'), end: new Date('2026-11-01T07:00:00Z'), timezone }

test('a function, a check and an IO manager know the span of time and the dimensions of the partition', async () => {
  const seen: unknown[] = []
  const kept = memoryIOManager()
  const kinds: IOContext[] = []
  const both = asset({
    key: 'both',
    partitions: multiPartitions({ region: staticPartitions(['de', 'fr']), day }),
    ioManager: typedIOManager<number>('kept'),
    run: ({ partitionKey, hasPartitionKey, partitionKeyRange, partitionTimeWindow, partitionKeys }) => {
      seen.push({ partitionKey, hasPartitionKey, partitionKeyRange, partitionTimeWindow, partitionKeys })
      return 1
    },
  })
  const check = assetCheck({
    asset: both,
    name: 'seen',
    run: ({ partitionKey, hasPartitionKey, partitionKeyRange, partitionTimeWindow, partitionKeys }) => {
      seen.push({ partitionKey, hasPartitionKey, partitionKeyRange, partitionTimeWindow, partitionKeys })
      return { passed: true }
    },
  })
  const ioManagers = {
    kept: {
      ...kept,
      handleOutput: (context: IOContext, value: unknown) => {
        kinds.push(context)
        return kept.handleOutput(context, value)
      },
    },
  }
  using eventLog = EventLog.inMemory()
  const defs = definitions({ assets: [both], checks: [check], ioManagers })
  const run = await materializeWith(defs, { projectFolder: '/', partitionKey: '2026-10-31|de' }, { eventLog })
  expect(run.status).toBe('SUCCESS')
  const facts = {
    partitionKey: '2026-10-31|de',
    hasPartitionKey: true,
    partitionKeyRange: { start: '2026-10-31|de', end: '2026-10-31|de' },
    partitionTimeWindow: window,
    partitionKeys: { day: '2026-10-31', region: 'de' },
  }
  expect(seen).toEqual([facts, facts])
  expect(kinds.map(({ partitionTimeWindow, partitionKeys }) => [partitionTimeWindow, partitionKeys])).toEqual([
    [window, facts.partitionKeys],
  ])
})

test('of two dimensions by time, none is the window', async () => {
  const twice = asset({
    key: 'twice',
    partitions: multiPartitions({ day, week: weeklyPartitions({ start: '2026-10-25', timezone }) }),
    run: (context) => Object.hasOwn(context, 'partitionTimeWindow') && Reflect.get(context, 'partitionTimeWindow') === undefined,
  })
  using eventLog = EventLog.inMemory()
  const defs = definitions({ assets: [twice], ioManagers: { default: memoryIOManager() } })
  const run = await materializeWith(defs, { projectFolder: '/', partitionKey: '2026-11-01|2026-10-25' }, { eventLog })
  expect(await run.load(twice)).toBe(true)
})

test('a function gets the upstream partitions that its mapping allows not to exist', async () => {
  const seen: unknown[] = []
  const days = dailyPartitions({ start: '2026-01-01', end: '2026-01-08' })
  const daily = asset({ key: 'daily', partitions: days, run: ({ partitionKey }) => partitionKey })
  const weekly = asset({
    key: 'weekly',
    partitions: weeklyPartitions({ start: '2025-12-28', end: '2026-01-04' }),
    inputs: { daily: mapped(daily, PartitionMapping.timeWindow({ allowNonexistentUpstreamPartitions: true })) },
    run: ({ inputs, nonexistentUpstreamPartitions }) => {
      seen.push([Object.keys(inputs.daily), nonexistentUpstreamPartitions.daily])
      return 1
    },
  })
  using eventLog = EventLog.inMemory()
  const parts = { eventLog, ioManager: memoryIOManager() }
  const make = (selection: string, partitionKey: string) =>
    materializeWith(definitions({ assets: [daily, weekly] }), { projectFolder: '/', selection, partitionKey }, parts)
  const failed = (await make('weekly', '2025-12-28')).events.find((event) => event.type === 'STEP_FAILURE')
  expect(failed?.error.message).toContain('partitions "2026-01-01...2026-01-03", which have not been materialized')
  for (const key of ['2026-01-01', '2026-01-02', '2026-01-03']) await make('daily', key)
  expect((await make('weekly', '2025-12-28')).status).toBe('SUCCESS')
  expect(seen).toEqual([
    [
      ['2026-01-01', '2026-01-02', '2026-01-03'],
      ['2025-12-28', '2025-12-29', '2025-12-30', '2025-12-31'],
    ],
  ])
})
