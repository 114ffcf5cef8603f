import { expect, test } from 'vitest'
import { asset } from '../definitions/assets/asset.ts'
import { definitions } from '../definitions/definitions.ts'
import { multiPartitions, staticPartitions } from '../definitions/partitions/partitions.ts'
import { EventLog } from './event-log.ts'
import { materializeWith } from './materialize-with.ts'
import { missingPartitions } from './materialized-partitions.ts'
import { countStates, partitionStatus } from './partition-status.ts'

const letters = { materialized: '█', missing: '.', failed: 'x' }

test('a partition is materialized, missing or failed by its last run', async () => {
  using log = EventLog.inMemory()
  const breaking = new Set<string>()
  const partitions = staticPartitions(['a', 'b', 'c', 'd', 'e'])
  const run = ({ partitionKey }: { partitionKey: string }): string => {
    if (breaking.has(partitionKey)) throw new Error('broken')
    return partitionKey
  }
  const up = asset({ key: 'up', partitions, run })
  const down = asset({ key: 'down', partitions, inputs: { up }, run: () => 1 })
  const defs = definitions({ assets: [up, down] })
  const make = (partitionKey: string, selection = '*') =>
    materializeWith(defs, { partitionKey, selection, projectFolder: '/' }, { eventLog: log })
  const states = () =>
    partitionStatus(log, [...defs.assets.values()], { now: new Date() }).map(({ states }) =>
      [...states.values()].map((state) => letters[state]).join(''),
    )

  await make('a')
  breaking.add('b').add('c').add('d')
  for (const key of ['b', 'c', 'd']) await make(key)
  expect(states()).toEqual(['█xxx.', '█xxx.'])
  breaking.clear()
  await make('b')
  await make('c', 'up') // downstream stays failed
  breaking.add('a')
  await make('a', 'up') // made before, but its last run failed
  expect(states()).toEqual(['x██x.', '██xx.'])
  const gone = new AbortController()
  gone.abort()
  await materializeWith(defs, { partitionKey: 'd', projectFolder: '/', signal: gone.signal }, { eventLog: log })
  expect(partitionStatus(log, [...defs.assets.values()], { now: new Date() }).map(countStates)).toEqual([
    { materialized: 2, missing: 2, failed: 1 },
    { materialized: 2, missing: 2, failed: 1 },
  ])
})

test('of a run of several partitions, those that it did not make failed', async () => {
  using log = EventLog.inMemory()
  const partitions = staticPartitions(['a', 'b', 'c', 'd', 'e'])
  const several = { partitions, backfillPolicy: 'single-run' } as const
  const one = asset({
    key: 'one',
    ...several,
    run: ({ partitionKey }) => {
      if (partitionKey === 'c') throw new Error('broken')
      return 1
    },
  })
  const two = asset({ key: 'two', ...several, deps: [one], run: () => 1 })
  const defs = definitions({ assets: [one, two] })
  const partitionKeyRange = { start: 'b', end: 'd' }
  const { runId } = await materializeWith(defs, { partitionKeyRange, projectFolder: '/' }, { eventLog: log })
  const states = partitionStatus(log, [...defs.assets.values()], { now: new Date() }).map(({ states }) =>
    [...states.values()].map((state) => letters[state]).join(''),
  )
  expect(states).toEqual(['.█x█.', '.xxx.'])
  expect(missingPartitions(defs, log, log.run(runId), ['b', 'c', 'd'])).toEqual(['b', 'c', 'd'])
  const alone = await materializeWith(defs, { partitionKeyRange, selection: [one], projectFolder: '/' }, { eventLog: log })
  expect(missingPartitions(defs, log, log.run(alone.runId), ['b', 'c', 'd'])).toEqual(['c'])
})

test('all combinations of two dimensions have a state', () => {
  using log = EventLog.inMemory()
  const partitions = multiPartitions({ size: staticPartitions(['s', 'l']), color: staticPartitions(['red', 'blue']) })
  const defs = definitions({ assets: [asset({ key: 'shirt', partitions, run: () => 1 }), asset({ key: 'plain', run: () => 1 })] })
  const [status, ...others] = partitionStatus(log, [...defs.assets.values()], { now: new Date() })
  expect(others).toEqual([])
  expect([...(status?.states.keys() ?? [])]).toEqual(['red|s', 'red|l', 'blue|s', 'blue|l'])
})
