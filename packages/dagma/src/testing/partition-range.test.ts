/** Runs of several partitions on the embedded engine. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { asset } from '../definitions/assets/asset.ts'
import { assetCheck } from '../definitions/assets/asset-check.ts'
import { mapped } from '../definitions/assets/asset-spec.ts'
import { Failure } from '../definitions/assets/failure.ts'
import { multiAsset } from '../definitions/assets/multi-asset.ts'
import { materializeResult } from '../definitions/assets/results.ts'
import { retryPolicy } from '../definitions/assets/retry-policy.ts'
import { definitions } from '../definitions/definitions.ts'
import { PartitionMapping } from '../definitions/partitions/partition-mapping.ts'
import { dailyPartitions, staticPartitions } from '../definitions/partitions/partitions.ts'
import { materialize, retryRun } from '../engine/materialize.ts'
import { temporaryFolder } from '../test/temporary.ts'
import { materializeToMemory } from './materialize-to-memory.ts'

const letters = staticPartitions(['a', 'b', 'c', 'd'])
const whole = { start: 'a', end: 'd' }
const several = { partitions: letters, backfillPolicy: 'single-run' } as const

test('each partition has its own value, metadata, checks and log lines', async () => {
  const one = asset({
    key: 'one',
    ...several,
    checks: { small: {} },
    run: ({ partitionKey, log }) => {
      log.info(`makes ${partitionKey}`)
      return materializeResult(partitionKey.toUpperCase(), {
        metadata: { key: partitionKey },
        checks: { small: { passed: partitionKey < 'c' } },
      })
    },
  })
  const run = await materializeToMemory([one], { partitionKeyRange: whole })
  expect(run.status).toBe('SUCCESS')
  const made = run.events.flatMap((event) => (event.type === 'ASSET_MATERIALIZATION' ? [event] : []))
  expect(made.map(({ partition, metadata }) => [partition, metadata.key?.raw_value])).toEqual(['a', 'b', 'c', 'd'].map((key) => [key, key]))
  expect(made.every(({ metadata }) => metadata.latency_ms !== undefined)).toBe(true)
  const checks = run.events.flatMap((event) => (event.type === 'ASSET_CHECK_EVALUATION' ? [[event.partition, event.passed]] : []))
  expect(checks).toEqual([['a', true], ['b', true], ['c', false], ['d', false]]) // biome-ignore format: a table
  const lines = run.events.flatMap((event) => (event.type === 'LOG' ? [[event.partition, event.message]] : []))
  expect(lines).toContainEqual(['c', 'makes c'])
  expect(await run.load(one, 'b')).toBe('B')
  await expect(run.load(one)).rejects.toMatchObject({ code: 'DAGMA_PARTITION_NEEDED' })
})

test('a partition that fails does not stop the others, and the retry of the run makes what is missing', async () => {
  const projectFolder = temporaryFolder()
  const calls: string[] = []
  let broken = ['b', 'd']
  const one = asset({
    key: 'one',
    ...several,
    run: ({ partitionKey }) => {
      calls.push(partitionKey)
      if (broken.includes(partitionKey)) throw new Error(`no ${partitionKey}`)
      return partitionKey
    },
  })
  const two = asset({ key: 'two', ...several, inputs: { one }, run: ({ inputs }) => `${inputs.one}!` })
  const defs = definitions({ assets: [one, two] })
  const run = await materialize(defs, { projectFolder, partitionKeyRange: whole })
  expect(run.status).toBe('FAILURE')
  const failure = run.events.find((event) => event.type === 'STEP_FAILURE')
  expect(failure).toMatchObject({ step: 'one', metadata: { failed_partitions: { raw_value: ['b', 'd'] } } })
  expect(failure?.type === 'STEP_FAILURE' && failure.error.message).toContain('failed for 2 of 4 partitions: b, d.')
  expect(failure?.type === 'STEP_FAILURE' && failure.error.cause?.message).toContain('no b')
  expect(run.events.flatMap((event) => (event.type === 'PARTITION_FAILURE' ? [event.partition] : []))).toEqual(['b', 'd'])
  expect(run.events.some((event) => event.type === 'STEP_SKIPPED' && event.step === 'two')).toBe(true)

  broken = ['d']
  const second = await retryRun(defs, run.runId, { projectFolder })
  broken = []
  const third = await retryRun(defs, second.runId, { projectFolder })
  expect([second.status, third.status]).toEqual(['FAILURE', 'SUCCESS'])
  expect(calls.toSorted()).toEqual(['a', 'b', 'b', 'c', 'd', 'd', 'd'])
  const made = [run, second, third].flatMap(({ events }) =>
    events.flatMap((event) => (event.type === 'ASSET_MATERIALIZATION' ? [`${event.asset} ${event.partition}`] : [])),
  )
  expect(made.toSorted()).toEqual(['one a', 'one b', 'one c', 'one d', 'two a', 'two b', 'two c', 'two d'])
  expect(await third.load(two, 'a')).toBe('a!')
})

test('the retry policy tries again what is missing, but not what refuses to be', async () => {
  const calls: string[] = []
  const one = asset({
    key: 'one',
    ...several,
    retryPolicy: retryPolicy({ maxRetries: 2 }),
    run: ({ partitionKey, retryNumber }) => {
      calls.push(`${partitionKey}${retryNumber}`)
      if (partitionKey === 'a') throw new Failure('never', { allowRetries: false })
      if (partitionKey === 'b' && retryNumber < 2) throw new Error('later')
      return 1
    },
  })
  const run = await materializeToMemory([one], { partitionKeyRange: whole })
  expect(calls.toSorted()).toEqual(['a0', 'b0', 'b1', 'b2', 'c0', 'd0'])
  expect(run.events.flatMap((event) => (event.type === 'STEP_UP_FOR_RETRY' ? [1] : []))).toHaveLength(2)
  const failure = run.events.find((event) => event.type === 'STEP_FAILURE')
  expect(failure?.type === 'STEP_FAILURE' && failure.metadata.failed_partitions?.raw_value).toEqual(['a'])
})

test('a blocking check of one partition fails that partition', async () => {
  const one = asset({ key: 'one', ...several, run: ({ partitionKey }) => partitionKey })
  const check = assetCheck({
    asset: one,
    name: 'early',
    blocking: true,
    run: async ({ load }) => ({ passed: (await load()) !== 'c' }),
  })
  const two = asset({ key: 'two', ...several, deps: [one], run: () => 2 })
  const run = await materializeToMemory([one, two], { checks: [check], partitionKeyRange: whole })
  expect(run.events.flatMap((event) => (event.type === 'PARTITION_FAILURE' ? [`${event.step} ${event.partition}`] : []))).toEqual([
    'one_early c',
  ])
  expect(run.events.flatMap((event) => (event.type === 'STEP_SKIPPED' ? [event.step] : []))).toEqual(['two'])
})

test('inputs are those of each partition by its mapping; what all share is loaded once', async () => {
  const days = dailyPartitions({ start: '2026-01-01', end: '2026-01-05' })
  const base = asset({ key: 'base', run: () => ({ n: 1 }) })
  const day = asset({ key: 'day', partitions: days, backfillPolicy: 'single-run', run: ({ partitionKey }) => partitionKey })
  const seen = new Set<unknown>()
  const before = PartitionMapping.timeWindow({ startOffset: -1, allowNonexistentUpstreamPartitions: true })
  const roll = asset({
    key: 'roll',
    partitions: days,
    backfillPolicy: 'single-run',
    inputs: { day: mapped(day, before), base },
    run: ({ inputs }) => {
      seen.add(inputs.base)
      return Object.values(inputs.day)
    },
  })
  const run = await materializeToMemory([base, day, roll], { partitionKeyRange: { start: '2026-01-01', end: '2026-01-04' } })
  expect(await run.load(roll, '2026-01-01')).toEqual(['2026-01-01'])
  expect(await run.load(roll, '2026-01-03')).toEqual(['2026-01-02', '2026-01-03'])
  expect(seen.size).toBe(1)
})

test('a test gives the values of a mapped input by partition', async () => {
  const day = asset({ key: 'day', partitions: dailyPartitions({ start: '2026-01-01' }), run: () => 0 })
  const roll = asset({
    key: 'roll',
    partitions: dailyPartitions({ start: '2026-01-02' }),
    backfillPolicy: 'single-run',
    inputs: { day: mapped(day, PartitionMapping.timeWindow({ startOffset: -1 })) },
    run: ({ inputs }) => Object.values(inputs.day).reduce((sum, one) => sum + one, 0),
  })
  const values = { day: { '2026-01-01': 1, '2026-01-02': 10, '2026-01-03': 100 } }
  const run = await materializeToMemory([roll], { values, partitionKeyRange: { start: '2026-01-02', end: '2026-01-03' } })
  expect([await run.load(roll, '2026-01-02'), await run.load(roll, '2026-01-03')]).toEqual([11, 110])
})

test('a function with range: true makes the whole range, and what it leaves out is an error by name', async () => {
  const one = asset({ key: 'one', ...several, run: ({ partitionKey }) => partitionKey })
  const ranges: unknown[] = []
  let left = ['b', 'c']
  const all = asset({
    key: 'all',
    ...several,
    range: true,
    inputs: { one },
    run: ({ partitionKeysInRange, partitionKeyRange, inputs }) => {
      ranges.push([partitionKeysInRange, partitionKeyRange])
      const made = partitionKeysInRange.filter((key) => !left.includes(key))
      return Object.fromEntries(made.map((key) => [key, materializeResult(`${inputs.one[key]}${key}`, { metadata: { key } })]))
    },
  })
  const after = asset({ key: 'after', ...several, inputs: { all }, run: ({ inputs }) => inputs.all.length })
  const projectFolder = temporaryFolder()
  const defs = definitions({ assets: [one, all, after] })
  const run = await materialize(defs, { projectFolder, partitionKeyRange: whole })
  const failures = run.events.flatMap((event) => (event.type === 'PARTITION_FAILURE' ? [event.error.message] : []))
  expect(failures).toEqual(['b', 'c'].map((key) => expect.stringContaining(`the value of the partition "${key}" is missing`)))
  left = []
  const again = await retryRun(defs, run.runId, { projectFolder })
  expect(again.status).toBe('SUCCESS')
  expect(ranges).toEqual([
    [['a', 'b', 'c', 'd'], whole],
    [['b', 'c'], { start: 'b', end: 'c' }],
  ])
  expect(await again.load(all, 'c')).toBe('cc')
  expect(await again.load(after, 'c')).toBe(2)
  const single = await materialize(defs, { projectFolder, selection: [all], partitionKey: 'a' })
  expect(single.materializations.get('all')).toMatchObject({ partition: 'a', metadata: { key: { raw_value: 'a' } } })
})

test('a multi-asset with range: true returns an object by partition key', async () => {
  const pair = multiAsset({
    name: 'pair',
    assets: { left: { partitions: letters }, right: { partitions: letters } },
    backfillPolicy: 'single-run',
    range: true,
    run: ({ partitionKeysInRange }) => Object.fromEntries(partitionKeysInRange.map((key) => [key, { left: key, right: 1 }])),
  })
  const run = await materializeToMemory([pair], { partitionKeyRange: whole })
  expect(await run.load(pair.assets.left, 'd')).toBe('d')
})

test.each([
  ['unknown key', () => ({ a: 1, x: 2 }), 'it has "x", which is not one of the partitions to make'],
  ['no object', () => 5 as never, 'no object from partition key to value'],
])('what a function with range: true returns wrong fails the step: %s', async (_, run, message) => {
  const all = asset({ key: 'all', ...several, range: true, run })
  const failed = await materializeToMemory([all], { partitionKeyRange: whole })
  const failure = failed.events.find((event) => event.type === 'STEP_FAILURE')
  expect(failure?.type === 'STEP_FAILURE' && failure.error.message).toContain(message)
  expect(failed.materializations.size).toBe(0)
})

test('at most that many partitions run concurrently, and the time limit is that of each', async () => {
  let [running, most] = [0, 0]
  const one = asset({
    key: 'one',
    ...several,
    partitionConcurrency: 2,
    timeoutSeconds: 0.2,
    run: async ({ partitionKey, signal }) => {
      most = Math.max(most, ++running)
      if (partitionKey === 'b') await new Promise((resolve) => signal.addEventListener('abort', resolve))
      else await new Promise((resolve) => setTimeout(resolve, 10))
      running--
      return 1
    },
  })
  const run = await materializeToMemory([one], { partitionKeyRange: whole })
  expect(most).toBe(2)
  expect(run.events.flatMap((event) => (event.type === 'PARTITION_FAILURE' ? [event.error.message] : []))).toEqual([
    expect.stringContaining('did not finish within 0.2 s'),
  ])
  expect(run.events.filter(({ type }) => type === 'ASSET_MATERIALIZATION')).toHaveLength(3)
})

test('what was recorded before a cancel stays, and the retry makes the rest', async () => {
  const projectFolder = temporaryFolder()
  const cancel = new AbortController()
  let cancels = true
  const one = asset({
    key: 'one',
    ...several,
    partitionConcurrency: 1,
    run: async ({ partitionKey, signal }) => {
      if (partitionKey === 'c' && cancels) {
        cancel.abort()
        await new Promise((resolve) => (signal.aborted ? resolve(0) : signal.addEventListener('abort', resolve)))
      }
      return partitionKey
    },
  })
  const defs = definitions({ assets: [one] })
  const run = await materialize(defs, { projectFolder, partitionKeyRange: whole, signal: cancel.signal })
  expect(run.status).toBe('CANCELED')
  expect(run.events.flatMap((event) => (event.type === 'ASSET_MATERIALIZATION' ? [event.partition] : []))).toEqual(['a', 'b'])
  cancels = false
  const again = await retryRun(defs, run.runId, { projectFolder })
  expect(again.events.flatMap((event) => (event.type === 'ASSET_MATERIALIZATION' ? [event.partition] : []))).toEqual(['c', 'd'])
})

test('what would fail every partition fails the step once', async () => {
  const one = asset({
    key: 'one',
    ...several,
    config: z.object({ n: z.number().refine((n) => n < 5, 'too much') }),
    run: () => 1,
  })
  await expect(materializeToMemory([one], { partitionKeyRange: whole, config: { one: { n: 7 } } })).rejects.toMatchObject({
    code: 'DAGMA_CONFIG_INVALID',
  })
})

test('a range that needs several runs is refused, with the asset that says so', async () => {
  const one = asset({ key: 'one', ...several, run: () => 1 })
  const two = asset({ key: 'two', partitions: letters, backfillPolicy: { maxPartitionsPerRun: 2 }, run: () => 1 })
  const three = asset({ key: 'three', partitions: letters, run: () => 1 })
  await expect(materializeToMemory([one, two], { partitionKeyRange: whole })).rejects.toMatchObject({
    code: 'DAGMA_RANGE_NEEDS_RUNS',
    message: expect.stringContaining('The range has 4 partitions, but "two" allows only 2 per run.'),
  })
  await expect(materializeToMemory([one, two, three], { partitionKeyRange: whole })).rejects.toThrow('"three" allows only one per run')
  expect((await materializeToMemory([one, two], { partitionKeyRange: { start: 'b', end: 'c' } })).status).toBe('SUCCESS')
  expect((await materializeToMemory([three], { partitionKeyRange: { start: 'b', end: 'b' } })).status).toBe('SUCCESS')
})

test.each([
  [{ backfillPolicy: 'single-run' }, 'backfillPolicy'],
  [{ partitionConcurrency: 2 }, 'partitionConcurrency'],
  [{ range: true }, 'range'],
  [{ partitions: letters, backfillPolicy: { maxPartitionsPerRun: 0 } }, 'maxPartitionsPerRun'],
  [{ partitions: letters, partitionConcurrency: 0.5 }, 'partitionConcurrency'],
  [{ partitions: letters, range: true, partitionConcurrency: 2 }, 'partitionConcurrency'],
] as const)('definitions refuse %j', (options, option) => {
  expect(() => definitions({ assets: [asset({ key: 'one', run: () => ({}), ...options } as never)] })).toThrow(option)
})
