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

test('a run waits for a log that another process holds, and the event loop goes on', async () => {
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
