import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { dagmaError } from '../errors.ts'
import type { EventBody, Run, RunEvent, RunStatus } from './events.ts'

const schema = 1

const create = `
  CREATE TABLE runs (
    run_id TEXT PRIMARY KEY, job_name TEXT, status TEXT NOT NULL, asset_keys TEXT NOT NULL, pid INTEGER NOT NULL,
    start_time REAL NOT NULL, end_time REAL
  ) STRICT;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs, time REAL NOT NULL, type TEXT NOT NULL, asset TEXT, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_of_run ON events (run_id, id);
  CREATE INDEX materializations_of_asset ON events (asset, id) WHERE type = 'ASSET_MATERIALIZATION';
  PRAGMA user_version = ${schema};
`

/** The last materialization of an asset. */
export type Materialization = Extract<RunEvent, { type: 'ASSET_MATERIALIZATION' }>

/**
 * The embedded engine's record of runs and events: one SQLite database. What {@link EventLog.append} returned from survives the death of
 * the process (write-ahead log, synchronous NORMAL). Several processes may use one log.
 */
export class EventLog implements Disposable {
  readonly #db: DatabaseSync
  readonly #insert: StatementSync

  /** Opens the log of the project in `folder`, and makes it when there is none. @throws DAGMA_EVENT_LOG_NEWER */
  constructor(folder: string) {
    const file = join(folder, '.dagma', 'events.sqlite')
    mkdirSync(dirname(file), { recursive: true })
    this.#db = new DatabaseSync(file, { timeout: 10_000 })
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON')
    this.#migrate(file)
    this.#insert = this.#db.prepare('INSERT INTO events (run_id, time, type, asset, body) VALUES (?, ?, ?, ?, ?)')
    this.#failTornRuns()
  }

  /** Records that a run of this process starts. */
  startRun(run: { runId: string; jobName: string | undefined; assetKeys: readonly string[] }): RunEvent[] {
    return this.#transaction(() => {
      this.#db
        .prepare('INSERT INTO runs (run_id, job_name, status, asset_keys, pid, start_time) VALUES (?, ?, ?, ?, ?, ?)')
        .run(run.runId, run.jobName ?? null, 'STARTED', JSON.stringify(run.assetKeys), process.pid, Date.now())
      return this.append(run.runId, [{ type: 'RUN_START' }])
    })
  }

  /** Records a run's end. */
  endRun(runId: string, status: Exclude<RunStatus, 'STARTED'>, message: string): RunEvent[] {
    return this.#transaction(() => {
      const events = this.append(runId, [status === 'FAILURE' ? { type: 'RUN_FAILURE', message } : { type: `RUN_${status}` }])
      this.#db.prepare('UPDATE runs SET status = ?, end_time = ? WHERE run_id = ?').run(status, Date.now(), runId)
      return events
    })
  }

  /** Records events of a run, all or none. They are durable when this returns. */
  append(runId: string, bodies: readonly EventBody[]): RunEvent[] {
    const time = Date.now()
    const write = (): void => {
      for (const body of bodies) this.#insert.run(runId, time, body.type, 'asset' in body ? body.asset : null, JSON.stringify(body))
    }
    if (this.#db.isTransaction) write()
    else this.#transaction(write)
    return bodies.map((body) => ({ ...body, runId, time }))
  }

  /** The newest runs, newest first. */
  runs(limit: number): Run[] {
    return this.#db.prepare('SELECT * FROM runs ORDER BY start_time DESC, rowid DESC LIMIT ?').all(limit).map(runOf)
  }

  /** A run by its id, or by the start of its id where that is unique. @throws DAGMA_RUN_UNKNOWN */
  run(id: string): Run {
    const rows = this.#db.prepare('SELECT * FROM runs WHERE substr(run_id, 1, length(?1)) = ?1 LIMIT 2').all(id)
    const [row] = rows
    if (row === undefined || rows.length > 1) throw dagmaError('DAGMA_RUN_UNKNOWN', { run: id })
    return runOf(row)
  }

  /** All events of a run, oldest first. */
  events(runId: string): RunEvent[] {
    return this.#db.prepare('SELECT run_id, time, body FROM events WHERE run_id = ? ORDER BY id').all(runId).map(eventOf)
  }

  /** The newest materialization of an asset. */
  latestMaterialization(asset: string): Materialization | undefined {
    const row = this.#db
      .prepare("SELECT run_id, time, body FROM events WHERE asset = ? AND type = 'ASSET_MATERIALIZATION' ORDER BY id DESC LIMIT 1")
      .get(asset)
    return row === undefined ? undefined : (eventOf(row) as Materialization)
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }

  #migrate(file: string): void {
    this.#transaction(() => {
      const found = Number(this.#db.prepare('PRAGMA user_version').get()?.user_version)
      if (found > schema) throw dagmaError('DAGMA_EVENT_LOG_NEWER', { file, found, known: schema })
      if (found === 0) this.#db.exec(create)
    })
  }

  /** A run whose process is gone did not end: it failed. */
  #failTornRuns(): void {
    const started = this.#db.prepare("SELECT run_id, pid, start_time FROM runs WHERE status = 'STARTED'").all()
    for (const { run_id, pid, start_time } of started) {
      if (!isAlive(Number(pid), Number(start_time)))
        this.endRun(String(run_id), 'FAILURE', 'The process of this run ended before the run did.')
    }
  }

  #transaction<Result>(action: () => Result): Result {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const result = action()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }
}

/** Whether the process that began something at `time` still runs. Its id may be ours by now: in a container each has the same. */
function isAlive(pid: number, time: number): boolean {
  if (pid === process.pid) return time >= Date.now() - process.uptime() * 1000 - clockTolerance
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** By how much the clock may be set back without a run of this process being taken for another's, in milliseconds. */
const clockTolerance = 1000

type Row = Record<string, SQLOutputValue>

function runOf(row: Row): Run {
  return {
    runId: String(row.run_id),
    jobName: row.job_name === null ? undefined : String(row.job_name),
    status: row.status as RunStatus,
    assetKeys: JSON.parse(String(row.asset_keys)),
    startTime: Number(row.start_time),
    endTime: row.end_time === null ? undefined : Number(row.end_time),
  }
}

function eventOf(row: Row): RunEvent {
  return { ...JSON.parse(String(row.body)), runId: String(row.run_id), time: Number(row.time) }
}
