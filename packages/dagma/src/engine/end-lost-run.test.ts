import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { runOfOneStep } from '../test/run-of-one-step.ts'
import { temporaryFolder, thrownBy } from '../test/temporary.ts'
import { endLostRun } from './end-lost-run.ts'
import { EventLog } from './event-log.ts'

function logWithRun(): { log: EventLog; folder: string } {
  const folder = temporaryFolder()
  const log = EventLog.open(folder)
  log.startRun({ ...runOfOneStep, runId: 'lost' })
  return { log, folder }
}

test('a run of which nothing is known is ended, once', async () => {
  const { log, folder } = logWithRun()
  const db = new DatabaseSync(join(folder, '.dagma', 'events.sqlite'))
  db.exec("UPDATE runs SET owner = json_remove(owner, '$.machine')") // as an earlier version recorded it
  db.close()
  using other = EventLog.open(folder)
  expect(other.run('lost').status).toBe('STARTED')
  expect(endLostRun(other, 'lo', { force: false })).toMatchObject({ runId: 'lost', status: 'FAILURE' })
  expect(await thrownBy(() => endLostRun(other, 'lost', { force: true }))).toMatchObject({ code: 'DAGMA_RUN_NOT_ENDABLE' })
  expect(log.endRun('lost', 'SUCCESS', '')).toEqual([])
  expect(other.events('lost').map(({ type }) => type)).toEqual(['RUN_START', 'RUN_FAILURE'])
  log[Symbol.dispose]()
})

test('one whose process lives is ended by force only', async () => {
  using log = logWithRun().log
  const error = await thrownBy(() => endLostRun(log, 'lost', { force: false }))
  expect(error).toMatchObject({ code: 'DAGMA_RUN_NOT_ENDABLE', kind: 'definition' })
  expect(error.message).toContain(`its process (pid ${process.pid} on`)
  expect(endLostRun(log, 'lost', { force: true }).status).toBe('FAILURE')
})
