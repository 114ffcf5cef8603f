import fc from 'fast-check'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary.ts'
import { EventLog } from './event-log.ts'
import type { RunEvent } from './events.ts'

const of = { jobName: null, steps: ['s'], partitionKey: null, partitionKeyRange: null, tags: {}, config: {}, parentRunId: null }

interface Made {
  readonly asset: string
  readonly partition: string | null
}

function logOf(runs: readonly (readonly Made[])[], folder = temporaryFolder()): EventLog {
  const log = EventLog.open(folder)
  for (const [index, made] of runs.entries()) {
    const runId = `r${index}`
    log.startRun({ ...of, runId, assetKeys: [...new Set(made.map(({ asset }) => asset))] })
    log.append(runId, [
      { type: 'LOG', step: 's', level: 'info', message: 'x'.repeat(2000) },
      ...made.map((one) => ({ type: 'ASSET_MATERIALIZATION', step: 's', dataVersion: null, metadata: {}, ...one }) as const),
    ])
    log.endRun(runId, 'SUCCESS', '')
  }
  return log
}

const newest = (events: readonly RunEvent[]): Map<string, string> =>
  new Map(events.flatMap((event) => (event.type === 'ASSET_MATERIALIZATION' ? [[`${event.asset}|${event.partition}`, event.runId]] : [])))
const eventsOf = (log: EventLog): RunEvent[] =>
  log
    .runs(1000)
    .reverse()
    .flatMap(({ runId }) => log.events(runId))

test('whatever was made, the newest materialization of each asset and partition stays, and the newest runs stay whole', () => {
  const made = fc.record({ asset: fc.constantFrom('a', 'b', 'c/d'), partition: fc.constantFrom(null, '1', '2') })
  fc.assert(
    fc.property(fc.array(fc.array(made, { maxLength: 3 }), { maxLength: 8 }), fc.nat(9), (runs, keepNewest) => {
      using log = logOf(runs)
      const before = eventsOf(log)
      const wanted = log.prune({ keepNewest, dryRun: true })
      expect(eventsOf(log)).toEqual(before)
      const result = log.prune({ keepNewest })
      const after = eventsOf(log)
      expect({ ...result, bytes: 0 }).toEqual({ ...wanted, bytes: 0 })
      expect(before.length - after.length).toBe(result.events)
      expect(newest(after)).toEqual(newest(before))
      const kept = runs.map((_, index) => `r${index}`).slice(Math.max(0, runs.length - keepNewest))
      for (const runId of kept) expect(log.events(runId)).toEqual(before.filter((event) => event.runId === runId))
      for (const { runId } of log.runs(1000))
        if (!kept.includes(runId)) expect(log.events(runId).map(({ type }) => type)).not.toContain('LOG')
      expect(log.prune({ keepNewest })).toMatchObject({ runs: 0, events: 0 })
    }),
    { numRuns: 40 },
  )
})

test('a run that is running stays, and so do runs of other assets', () => {
  using log = logOf([
    [{ asset: 'a', partition: null }],
    [{ asset: 'b', partition: null }],
    [{ asset: 'a', partition: null }],
    [{ asset: 'b', partition: null }],
  ])
  log.startRun({ ...of, runId: 'running', assetKeys: ['a'] })
  expect(log.prune({ assetKeys: new Set(['a']) })).toMatchObject({ runs: 1, keptInPart: 1 })
  expect(log.runs(10).map(({ runId }) => runId)).toEqual(['running', 'r3', 'r2', 'r1'])
  expect(log.run('r2')).toMatchObject({ pruned: true })
})

test('only runs that ended before the moment go, and the file shrinks', () => {
  const many = Array.from({ length: 500 }, () => [{ asset: 'a', partition: null }])
  using log = logOf(many)
  expect(log.prune({ endedBefore: Date.now() - 3_600_000 })).toMatchObject({ runs: 0, events: 0 })
  const { runs, bytes } = log.prune({ endedBefore: Date.now() + 1 })
  expect(runs).toBe(499)
  expect(bytes).toBeGreaterThan(500_000)
  expect(log.latestMaterialization('a')?.runId).toBe('r499')
})
