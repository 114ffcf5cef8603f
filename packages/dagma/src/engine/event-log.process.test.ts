import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { runOfOneStep } from '../test/run-of-one-step.ts'
import { temporaryFolder, thrownBy } from '../test/temporary.ts'
import { EventLog } from './event-log.ts'

const module = new URL('event-log.ts', import.meta.url).href
const start = (log: EventLog, runId: string) => log.startRun({ ...runOfOneStep, runId })
const script = (text: string) => ['--input-type=module', '-e', `import { EventLog } from '${module}'\n${text}`]

function database(folder: string): DatabaseSync {
  return new DatabaseSync(join(folder, '.dagma', 'events.sqlite'))
}

describe('EventLog', () => {
  test('a run recorded later is newer, and ends no earlier than its last event, also when the clock was set back', () => {
    using log = EventLog.inMemory()
    log.startRun({ ...runOfOneStep, runId: 'r1' }, 9000)
    log.append('r1', [{ type: 'STEP_START', step: 'a' }], [9500])
    log.startRun({ ...runOfOneStep, runId: 'r2' }, 1000)
    log.endRun('r1', 'SUCCESS', '', 2000)
    expect(log.runs(10)).toMatchObject([
      { runId: 'r2', startTime: 1000 },
      { runId: 'r1', startTime: 9000, endTime: 9500 },
    ])
  })

  test('a run is retried once', () => {
    const folder = temporaryFolder()
    using log = EventLog.open(folder)
    using other = EventLog.open(folder)
    start(log, 'r1')
    log.endRun('r1', 'FAILURE', '')
    log.startRun({ ...runOfOneStep, runId: 'r2', parentRunId: 'r1' })
    expect(() => other.startRun({ ...runOfOneStep, runId: 'r3', parentRunId: 'r1' })).toThrow(
      'Run "r1" cannot be retried: run r2 retries it; retry that one if it failed.',
    )
    expect(log.runs(10).map(({ runId }) => runId)).toEqual(['r2', 'r1'])
  })

  test('returns what it was given, oldest event first, newest run first', () => {
    const folder = temporaryFolder()
    using log = EventLog.open(folder)
    start(log, 'r1')
    log.startRun({
      ...runOfOneStep,
      runId: 'r2',
      jobName: 'job',
      assetKeys: ['a', 'b/c'],
      partitionKey: '2026-01-01',
      partitionKeyRange: null,
      tags: { team: 'data' },
    })
    log.append('r1', [
      { type: 'STEP_START', step: 'a' },
      { type: 'LOG', step: 'a', level: 'info', message: 'π 😀 \n"' },
      {
        type: 'ASSET_MATERIALIZATION',
        step: 'a',
        asset: 'a',
        partition: null,
        dataVersion: 'v1',
        metadata: { n: { type: 'int', raw_value: 1 } },
      },
    ])
    log.endRun('r1', 'FAILURE', 'Steps failed: a.')
    expect(log.events('r1').map(({ time, ...event }) => event)).toEqual([
      { type: 'RUN_START', runId: 'r1' },
      { type: 'STEP_START', step: 'a', runId: 'r1' },
      { type: 'LOG', step: 'a', level: 'info', message: 'π 😀 \n"', runId: 'r1' },
      {
        type: 'ASSET_MATERIALIZATION',
        step: 'a',
        asset: 'a',
        partition: null,
        dataVersion: 'v1',
        metadata: { n: { type: 'int', raw_value: 1 } },
        runId: 'r1',
      },
      { type: 'RUN_FAILURE', message: 'Steps failed: a.', runId: 'r1' },
    ])
    expect(log.runs(10).map(({ runId }) => runId)).toEqual(['r2', 'r1'])
    expect(log.runs(1)).toEqual([
      {
        ...runOfOneStep,
        runId: 'r2',
        jobName: 'job',
        status: 'STARTED',
        assetKeys: ['a', 'b/c'],
        partitionKey: '2026-01-01',
        partitionKeyRange: null,

        tags: { team: 'data' },
        startTime: expect.any(Number),
        endTime: null,
      },
    ])
    expect(log.events('nothing')).toEqual([])
  })

  test('knows the latest materialization of an asset', () => {
    using log = EventLog.open(temporaryFolder())
    expect(log.latestMaterialization('a')).toBeUndefined()
    for (const runId of ['r1', 'r2']) {
      start(log, runId)
      log.append(runId, [{ type: 'ASSET_MATERIALIZATION', step: 'a', asset: 'a', partition: null, dataVersion: null, metadata: {} }])
    }
    expect(log.latestMaterialization('a')?.runId).toBe('r2')
    expect(log.latestMaterialization('b')).toBeUndefined()
  })

  test('finds a run by the start of its id where that is unique', async () => {
    using log = EventLog.open(temporaryFolder())
    for (const runId of ['abc-1', 'abd-2', 'x%_']) start(log, runId)
    expect(log.run('abc').runId).toBe('abc-1')
    expect(log.run('abd-2').runId).toBe('abd-2')
    expect(log.run('x%').runId).toBe('x%_')
    for (const id of ['ab', 'abe', '%', 'abc-1-and-more', 'ABC'])
      expect(await thrownBy(() => log.run(id))).toMatchObject({ code: 'DAGMA_RUN_UNKNOWN', kind: 'definition' })
  })

  test('events go all or none', async () => {
    using log = EventLog.open(temporaryFolder())
    start(log, 'r')
    const good = { type: 'STEP_START', step: 'a' } as const
    await thrownBy(() => log.append('r', [good, { ...good, step: 1n as never }]))
    await thrownBy(() => log.append('no such run', [good]))
    expect(log.events('r')).toHaveLength(1)
  })

  test('refuses a log that a newer Dagma wrote, and leaves it as it is', async () => {
    const folder = temporaryFolder()
    EventLog.open(folder)[Symbol.dispose]()
    const db = database(folder)
    db.exec('PRAGMA user_version = 7')
    const error = await thrownBy(() => EventLog.open(folder))
    expect(error.message.replace(folder, '<folder>')).toMatchInlineSnapshot(
      `"The event log <folder>/.dagma/events.sqlite has schema version 7; this version of Dagma supports 3. Use the newer Dagma that wrote it, or move the file away. [DAGMA_EVENT_LOG_NEWER]"`,
    )
    expect(db.prepare('PRAGMA user_version').get()?.user_version).toBe(7)
    db.close()
  })
})

describe('a torn run', () => {
  test('of a process that was killed is marked failed at the next start; what was acknowledged is there', async () => {
    const folder = temporaryFolder()
    const { signal } = spawnSync(
      process.execPath,
      script(`const log = EventLog.open(${JSON.stringify(folder)})
        log.startRun({ runId: 'torn', jobName: null, assetKeys: ['a'], parentRunId: null })
        log.append('torn', [{ type: 'STEP_START', step: 'a' }])
        process.kill(process.pid, 'SIGKILL')`),
    )
    expect(signal).toBe('SIGKILL')
    using log = EventLog.open(folder)
    expect(log.run('torn')).toMatchObject({ status: 'FAILURE', endTime: expect.any(Number) })
    expect(log.events('torn').map(({ type }) => type)).toEqual(['RUN_START', 'STEP_START', 'RUN_FAILURE'])
    expect(log.events('torn').at(-1)).toMatchObject({ message: 'The process of this run exited before the run ended.' })
  })

  test('of an earlier process with the id of this one, as in a container, is marked failed too', () => {
    const folder = temporaryFolder()
    {
      using log = EventLog.open(folder)
      start(log, 'earlier')
      start(log, 'mine')
    }
    const db = database(folder)
    db.exec("UPDATE runs SET owner = json_set(owner, '$.start', '1') WHERE run_id = 'earlier'")
    db.close()
    using log = EventLog.open(folder)
    expect(log.run('earlier').status).toBe('FAILURE')
    expect(log.run('mine').status).toBe('STARTED')
  })

  test('of a process that lives is none', async () => {
    const folder = temporaryFolder()
    const child = spawn(
      process.execPath,
      script(`const log = EventLog.open(${JSON.stringify(folder)})
        log.startRun({ runId: 'alive', jobName: null, assetKeys: [], parentRunId: null })
        console.log('started'); process.stdin.resume()`),
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    await once(child.stdout, 'data')
    using log = EventLog.open(folder)
    expect(log.run('alive').status).toBe('STARTED')
    child.stdin.end()
    await once(child, 'exit')
  })
})

test('several processes create and use one log concurrently', async () => {
  const folder = temporaryFolder()
  const work = (name: string) =>
    script(`for (let n = 0; n < 5; n++) {
      const log = EventLog.open(${JSON.stringify(folder)})
      const runId = '${name}-' + n
      log.startRun({ runId, jobName: null, assetKeys: [], parentRunId: null })
      for (let e = 0; e < 20; e++) log.append(runId, [{ type: 'LOG', step: 's', level: 'info', message: String(e) }])
      log.endRun(runId, 'SUCCESS', '')
      log[Symbol.dispose]()
    }`)
  const children = ['a', 'b', 'c'].map((name) => spawn(process.execPath, work(name), { stdio: ['ignore', 'ignore', 'inherit'] }))
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
  expect(codes).toEqual([0, 0, 0])
  using log = EventLog.open(folder)
  const runs = log.runs(100)
  expect(runs).toHaveLength(15)
  for (const { runId, status } of runs) {
    expect(status).toBe('SUCCESS')
    expect(log.events(runId)).toHaveLength(22)
  }
})
