import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { runOfOneStep } from '../test/run-of-one-step.ts'
import { temporaryFolder, thrownBy } from '../test/temporary.ts'
import { EventLog } from './event-log.ts'

const made = { type: 'ASSET_MATERIALIZATION', step: 'a', asset: 'a', partition: null, dataVersion: null, metadata: {} } as const

/** A project's folder with a log of these runs, each of which made `a`, in its file. */
function folderWithRuns(...runIds: string[]): { folder: string; file: string } {
  const folder = temporaryFolder()
  using log = EventLog.open(folder)
  for (const runId of runIds) {
    log.startRun({ ...runOfOneStep, runId })
    log.append(runId, [made])
    log.endRun(runId, 'SUCCESS', '')
  }
  return { folder, file: join(folder, '.dagma', 'events.sqlite') }
}

function changed(file: string, sql: string): void {
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

describe('a log that may only be read', () => {
  /** The log as another user sees it, who may not write to it. */
  function seenByAnother(folder: string): { printed: string; left: string[] } {
    const code = `import { EventLog } from '${new URL('event-log.ts', import.meta.url).href}'
      using log = EventLog.openToRead(${JSON.stringify(folder)})
      console.log(log.runs(10).map((run) => run.runId + ' ' + run.status).join(), log.events('r1').length, log.latestMaterialization('a').runId)`
    const temporary = join(folder, 'tmp')
    const options = {
      env: { ...process.env, TMPDIR: temporary, NODE_COMPILE_CACHE: '' },
      uid: 65534,
      gid: 65534,
      encoding: 'utf8',
    } as const
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], options)
    return { printed: stdout.trim() || stderr, left: readdirSync(temporary) }
  }

  test.skipIf(process.getuid?.() !== 0).each(['closed', 'in use'])('is read by another user: %s', (state) => {
    const { folder } = folderWithRuns('r1', 'r2')
    using scope = new DisposableStack()
    if (state === 'in use') {
      const log = scope.use(EventLog.open(folder))
      log.startRun({ ...runOfOneStep, runId: 'r3' })
    }
    chmodSync(folder, 0o755)
    chmodSync(join(folder, '.dagma'), 0o755)
    spawnSync('install', ['-d', '-m', '777', join(folder, 'tmp')])
    const runs = state === 'in use' ? 'r3 STARTED,r2 SUCCESS,r1 SUCCESS' : 'r2 SUCCESS,r1 SUCCESS'
    expect(seenByAnother(folder)).toEqual({ printed: `${runs} 3 r2`, left: [] })
  })

  test('where there is none, an empty one is read and nothing is written', () => {
    const folder = temporaryFolder()
    using log = EventLog.openToRead(folder)
    expect(log.runs(10)).toEqual([])
    expect(existsSync(join(folder, '.dagma'))).toBe(false)
  })
})

describe('a damaged log', () => {
  const damages: { readonly [what: string]: (file: string) => void } = {
    'other bytes': (file) => writeFileSync(file, 'not a database, but long enough to be taken for one '.repeat(100)),
    'cut off': (file) => truncateSync(file, readFileSync(file).length / 2),
    'a page of other bytes': (file) => writeFileSync(file, readFileSync(file).fill(0xab, 4096)),
    'a missing table': (file) => changed(file, 'DROP TABLE events'),
    'a missing column': (file) => changed(file, 'ALTER TABLE runs RENAME COLUMN body TO other'),
  }

  test.each(Object.entries(damages))('is one error that names it: %s', async (_, damage) => {
    const { folder, file } = folderWithRuns('r1', 'r2')
    for (const part of ['-wal', '-shm']) rmSync(`${file}${part}`, { force: true })
    damage(file)
    const error = await thrownBy(() => {
      using log = EventLog.openToRead(folder)
      log.runs(10)
      log.events('r1')
      log.latestMaterialization('a')
    })
    expect(error).toMatchObject({ code: 'DAGMA_EVENT_LOG_DAMAGED', message: expect.stringContaining(file) })
  })

  test('a row that cannot be read does not hide the others', () => {
    const { folder, file } = folderWithRuns('r1', 'r2', 'r3')
    changed(file, "UPDATE runs SET body = '{' WHERE run_id = 'r2'; UPDATE events SET body = '' WHERE run_id = 'r1' AND type = 'RUN_START'")
    using log = EventLog.openToRead(folder)
    expect(log.runs(10).map(({ runId }) => runId)).toEqual(['r3', 'r1'])
    expect(log.events('r1').map(({ type }) => type)).toEqual(['ASSET_MATERIALIZATION', 'RUN_SUCCESS'])
    expect(log.damagedRows).toBe(2)
  })
})

test('a log of the first version is brought up to date, its runs in order', () => {
  const { folder, file } = folderWithRuns('r1', 'r2', 'r3')
  changed(
    file,
    `DROP TABLE dynamic_partitions; DROP INDEX runs_in_order; DROP INDEX retries_of_run; DROP INDEX materializations_of_partition; ALTER TABLE runs DROP COLUMN ordinal;
     ALTER TABLE runs DROP COLUMN parent_run_id; ALTER TABLE events DROP COLUMN partition; UPDATE runs SET body = '{' WHERE run_id = 'r2'; PRAGMA user_version = 1`,
  )
  using log = EventLog.open(folder)
  log.startRun({ ...runOfOneStep, runId: 'r4' })
  expect(log.runs(10).map(({ runId }) => runId)).toEqual(['r4', 'r3', 'r1'])
  expect(log.latestMaterialization('a')?.runId).toBe('r3')
  expect(log.dynamicPartitions('names')).toEqual([])
})

test('a log of the second version has no dynamic partitions until some are added', () => {
  const { folder, file } = folderWithRuns('r1')
  changed(file, 'DROP TABLE dynamic_partitions; PRAGMA user_version = 2')
  using log = EventLog.openToRead(folder)
  expect(log.dynamicPartitions('names')).toEqual([])
  log.changeDynamicPartitions({ partitions: 'names', add: ['ada'] })
  expect(log.dynamicPartitions('names')).toEqual(['ada'])
})

test('a run is found by the start of its id, whatever characters it has', async () => {
  const { folder } = folderWithRuns('a1', 'a1b', '%', 'é')
  using log = EventLog.openToRead(folder)
  for (const id of ['a1', 'a1b', '%', 'é']) expect(log.run(id).runId).toBe(id)
  for (const id of ['a', 'A1', '_', 'x']) expect(await thrownBy(() => log.run(id))).toMatchObject({ code: 'DAGMA_RUN_UNKNOWN' })
})

test('the queries of commands that read use an index, however many runs there are', () => {
  const { file } = folderWithRuns('r1')
  const db = new DatabaseSync(file)
  const plan = (sql: string): string =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...(sql.includes('?') ? ['x'] : []))
      .map(({ detail }) => detail)
      .join('; ')
  for (const sql of [
    'SELECT * FROM runs ORDER BY ordinal DESC LIMIT 20',
    'SELECT * FROM runs WHERE run_id BETWEEN ?1 AND ?1 || char(1114111) LIMIT 2',
    "SELECT run_id, owner FROM runs WHERE status = 'STARTED'",
    'SELECT run_id, time, body FROM events WHERE run_id = ? ORDER BY id',
    "SELECT run_id, time, body FROM events WHERE asset = ? AND type = 'ASSET_MATERIALIZATION' ORDER BY id DESC LIMIT 1",
  ])
    expect(plan(sql)).toMatch(/USING (COVERING )?INDEX(?!.*TEMP B-TREE)/)
  db.close()
})

test('a locked log is said to be locked', async () => {
  const { folder, file } = folderWithRuns('r1')
  const other = new DatabaseSync(file)
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  const error = await thrownBy(() => EventLog.open(folder))
  other.close()
  expect(error).toMatchObject({ code: 'DAGMA_EVENT_LOG_LOCKED', message: expect.stringContaining('locked by another process') })
}, 60_000)

test('what a command reads is not written to, but for runs that ended with their process', () => {
  const { folder, file } = folderWithRuns('r1')
  const before = readFileSync(file)
  const temporary = readdirSync(tmpdir()).filter((name) => name.startsWith('dagma-event-log-'))
  {
    using log = EventLog.openToRead(folder)
    log.runs(10)
  }
  expect(readFileSync(file).equals(before)).toBe(true)
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('dagma-event-log-'))).toEqual(temporary)
})
