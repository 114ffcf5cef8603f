import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { asset } from '../definitions/assets/asset.ts'
import { definitions } from '../definitions/definitions.ts'
import { temporaryFolder } from '../test/temporary.ts'
import { EventLog } from './event-log.ts'
import { materialize } from './materialize.ts'

/** Holds the log as another process would; timers of this thread let go of it, so whoever waits must leave the thread to them. */
function holder(folder: string): { hold(): void } {
  const db = new DatabaseSync(join(folder, '.dagma', 'events.sqlite'))
  onTestFinished(() => db.close())
  return {
    hold: () => {
      db.exec('BEGIN IMMEDIATE')
      setTimeout(() => db.exec('COMMIT'), 200)
    },
  }
}

test('a run waits for a log that another process holds, and the event loop continues', async () => {
  const folder = temporaryFolder()
  EventLog.open(folder)[Symbol.dispose]()
  const log = holder(folder)
  const chain = asset({
    key: 'first',
    run: () => {
      log.hold()
      return 1
    },
  })
  const last = asset({ key: 'last', deps: [chain], run: () => 2 })
  log.hold()
  const seen: string[] = []
  const onEvent = ({ type }: { type: string }): void => {
    seen.push(type)
    if (type === 'STEP_SUCCESS' && seen.filter((one) => one === type).length === 2) log.hold() // before the run's end is recorded
  }
  const run = await materialize(definitions({ assets: [chain, last] }), { projectFolder: folder, onEvent })
  expect(run.status).toBe('SUCCESS')
  expect(seen).toEqual(run.events.map(({ type }) => type))
  expect(seen.filter((type) => type === 'STEP_SUCCESS')).toHaveLength(2)
})

test('a log that another process holds is opened and read; the next one records what that could not', async () => {
  const folder = temporaryFolder()
  const child = spawnSync(process.execPath, [
    '--input-type=module',
    '-e',
    `import { EventLog } from '${new URL('event-log.ts', import.meta.url).href}'
    EventLog.open(${JSON.stringify(folder)}).startRun({ runId: 'torn', jobName: null, assetKeys: ['a'], parentRunId: null })
    process.kill(process.pid, 'SIGKILL')`,
  ])
  expect(child.signal).toBe('SIGKILL')
  const db = new DatabaseSync(join(folder, '.dagma', 'events.sqlite'))
  db.exec('BEGIN IMMEDIATE') // for as long as this thread waits
  {
    using log = EventLog.open(folder)
    expect(log.run('torn').status).toBe('STARTED')
  }
  db.exec('COMMIT')
  db.close()
  using log = EventLog.open(folder)
  expect(log.run('torn').status).toBe('FAILURE')
})

test('what is made below .dagma is for its owner only', async () => {
  const folder = temporaryFolder()
  await materialize(definitions({ assets: [asset({ key: 'one', run: () => 1 })] }), { projectFolder: folder })
  const folders = ['.dagma', ...readdirSync(join(folder, '.dagma')).map((name) => join('.dagma', name))].filter((path) =>
    statSync(join(folder, path)).isDirectory(),
  )
  expect(folders.map((path) => [path, (statSync(join(folder, path)).mode & 0o777).toString(8)])).toEqual(
    folders.map((path) => [path, '700']),
  )
})
