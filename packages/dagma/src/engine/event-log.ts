import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { dagmaError } from '../errors.ts'
import type { EventBody, Materialization, Run, RunEvent, RunStart, RunStatus } from './events.ts'
import { hasEnded, ownProcess } from './process-owner.ts'

const schema = 1

const create = `
  CREATE TABLE runs (
    run_id TEXT PRIMARY KEY, status TEXT NOT NULL, owner TEXT NOT NULL, start_time REAL NOT NULL, end_time REAL, body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs, time REAL NOT NULL, type TEXT NOT NULL, asset TEXT, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_of_run ON events (run_id, id);
  CREATE INDEX materializations_of_asset ON events (asset, id) WHERE type = 'ASSET_MATERIALIZATION';
  CREATE INDEX runs_on_their_way ON runs (run_id) WHERE status = 'STARTED';
  PRAGMA user_version = ${schema};
`

const brokeOff = 'The run broke off.'

/** Runs of this process that broke off, which could not be recorded. */
const brokenOff = new Set<string>()

/** What an acknowledged event survives: the death of the process, or that of the machine too. */
export type Durability = 'process' | 'power'

/**
 * The embedded engine's record of runs and events: one SQLite database. What {@link EventLog.append} returned from survives the death of
 * the process (write-ahead log, synchronous NORMAL), or with durability `power` a power cut (synchronous FULL). Several processes may use one log.
 */
export class EventLog implements Disposable {
  readonly #db: DatabaseSync
  readonly #insert: StatementSync
  readonly #file: string
  /** The file that is open: another one may stand in its place later, or none. */
  readonly #inode: bigint | undefined

  private constructor(file: string, durability: Durability) {
    this.#file = file
    this.#db = new DatabaseSync(file, { timeout: 10_000 })
    this.#inode = inodeOf(file)
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}; PRAGMA foreign_keys = ON`)
    this.#migrate()
    this.#insert = this.#db.prepare('INSERT INTO events (run_id, time, type, asset, body) VALUES (?, ?, ?, ?, ?)')
    this.#failTornRuns()
  }

  /** Opens the log of the project in `folder`, and makes it when there is none. @throws DAGMA_EVENT_LOG_NEWER, DAGMA_EVENT_LOG_UNWRITABLE */
  static open(folder: string, durability: Durability = 'process'): EventLog {
    const file = logFile(folder)
    try {
      mkdirSync(dirname(file), { recursive: true })
      return new EventLog(file, durability)
    } catch (error) {
      throw unwritable(file, error)
    }
  }

  /** Opens the log of the project in `folder` to look at runs that were: where there is none, an empty one, and nothing is written. */
  static openExisting(folder: string, durability: Durability = 'process'): EventLog {
    return existsSync(logFile(folder)) ? EventLog.open(folder, durability) : EventLog.inMemory()
  }

  /** A log in memory, gone when it is closed. */
  static inMemory(): EventLog {
    return new EventLog(':memory:', 'process')
  }

  /** Records that a run of this process starts. @throws DAGMA_RUN_NOT_RETRYABLE when it retries a run that was retried before */
  startRun(run: RunStart, time: number = Date.now()): RunEvent[] {
    const { runId, ...body } = run
    return this.#transaction(() => {
      if (run.parentRunId !== null) this.#expectNotRetried(run.parentRunId)
      this.#db
        .prepare('INSERT INTO runs (run_id, status, owner, start_time, body) VALUES (?, ?, ?, ?, ?)')
        .run(runId, 'STARTED', ownProcess(), time, JSON.stringify(body))
      return this.append(runId, [{ type: 'RUN_START' }], [time])
    })
  }

  /** Records a run's end, at `time` or, when the clock was set back since, at that of its last event. `message` says why it failed. */
  endRun(runId: string, status: Exclude<RunStatus, 'STARTED'>, message: string, time: number = Date.now()): RunEvent[] {
    return this.#transaction(() => {
      const last = this.#db.prepare('SELECT time FROM events WHERE run_id = ? ORDER BY id DESC LIMIT 1').get(runId)
      const end = Math.max(time, Number(last?.time ?? 0))
      this.#db.prepare('UPDATE runs SET status = ?, end_time = ? WHERE run_id = ?').run(status, end, runId)
      return this.append(runId, [status === 'FAILURE' ? { type: 'RUN_FAILURE', message } : { type: `RUN_${status}` }], [end])
    })
  }

  /** Records that a run broke off; where that cannot be written either, it is when this process opens the log again, or another after its end. */
  breakOff(runId: string): RunEvent[] {
    try {
      return this.endRun(runId, 'FAILURE', brokeOff)
    } catch {
      brokenOff.add(runId)
      return []
    }
  }

  /**
   * Records events of a run, all or none. They are durable when this returns. `times`: when they happened; default: now.
   * @throws DAGMA_EVENT_LOG_UNWRITABLE, as all that writes does
   */
  append(runId: string, bodies: readonly EventBody[], times: readonly number[] = []): RunEvent[] {
    const now = Date.now()
    const write = (): RunEvent[] =>
      bodies.map((body, index) => {
        const time = times[index] ?? now
        this.#insert.run(runId, time, body.type, 'asset' in body ? body.asset : null, JSON.stringify(body))
        return { ...body, runId, time }
      })
    return this.#db.isTransaction ? write() : this.#transaction(write)
  }

  /** The newest runs, newest first: in the order in which they were recorded, whatever the clock said. */
  runs(limit: number): Run[] {
    return this.#db.prepare('SELECT * FROM runs ORDER BY rowid DESC LIMIT ?').all(limit).map(runOf)
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

  #migrate(): void {
    const version = (): number => Number(this.#db.prepare('PRAGMA user_version').get()?.user_version)
    if (version() > schema) throw dagmaError('DAGMA_EVENT_LOG_NEWER', { file: this.#file, found: version(), known: schema })
    if (version() === 0) this.#transaction(() => version() === 0 && this.#db.exec(create))
  }

  /** A run whose process is gone did not end: it failed. So did one that broke off. */
  #failTornRuns(): void {
    for (const { run_id, owner } of this.#db.prepare("SELECT run_id, owner FROM runs WHERE status = 'STARTED'").all()) {
      const runId = String(run_id)
      if (brokenOff.has(runId)) this.endRun(runId, 'FAILURE', brokeOff)
      else if (hasEnded(String(owner))) this.endRun(runId, 'FAILURE', 'The process of this run ended before the run did.')
      brokenOff.delete(runId)
    }
  }

  /** A run is retried once: two retries would make the same assets twice. */
  #expectNotRetried(runId: string): void {
    const retry = this.#db.prepare("SELECT run_id FROM runs WHERE json_extract(body, '$.parentRunId') = ?").get(runId)
    if (retry === undefined) return
    const reason = `run ${String(retry.run_id).slice(0, 8)} retries it; retry that one if it failed`
    throw dagmaError('DAGMA_RUN_NOT_RETRYABLE', { run: runId, reason })
  }

  #transaction<Result>(action: () => Result): Result {
    try {
      if (this.#inode !== inodeOf(this.#file)) throw deleted(this.#file)
      this.#db.exec('BEGIN IMMEDIATE')
      const result = action()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw unwritable(this.#file, error)
    }
  }
}

/** SQLite's codes for: locked by another, read-only, failed reads and writes, a full disk, a file that cannot be opened. */
const unwritableCodes = [5, 8, 10, 13, 14]

/** The error, said as one of the event log when it comes from the disk. */
function unwritable(file: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const isOfDisk = 'errcode' in error && typeof error.errcode === 'number' && unwritableCodes.includes(error.errcode & 0xff)
  const isOfSystem = 'syscall' in error // the folder could not be made
  return isOfDisk || isOfSystem ? dagmaError('DAGMA_EVENT_LOG_UNWRITABLE', { file, reason: error.message }, error) : error
}

/** SQLite goes on writing to a file that was deleted, and nobody would ever see what it wrote. */
function deleted(file: string): Error {
  return dagmaError('DAGMA_EVENT_LOG_UNWRITABLE', { file, reason: 'it was deleted or replaced while it was in use' })
}

/** Undefined for a log in memory, and when there is no file. */
function inodeOf(file: string): bigint | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino
}

type Row = Record<string, SQLOutputValue>

function runOf(row: Row): Run {
  return {
    ...JSON.parse(String(row.body)),
    runId: String(row.run_id),
    status: row.status as RunStatus,
    startTime: Number(row.start_time),
    endTime: row.end_time === null ? null : Number(row.end_time),
  }
}

function eventOf(row: Row): RunEvent {
  return { ...JSON.parse(String(row.body)), runId: String(row.run_id), time: Number(row.time) }
}

function logFile(folder: string): string {
  return join(folder, '.dagma', 'events.sqlite')
}
