import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AssetKey, keyText } from '../definitions/assets/asset-key.ts'
import type { DynamicPartitionsChange } from '../definitions/automation/sensor.ts'
import { DagmaError, dagmaError } from '../errors.ts'
import { makeFolder, syncFolder } from '../runtime/durable-folder.ts'
import { type KnownMaterialization, searchedMaterializations } from '../runtime/values/materialized-values.ts'
import { copyOfEventLog } from './event-log-copy.ts'
import { eventLogFailure } from './event-log-failure.ts'
import { eventOf, type Row, runColumns, runOf } from './event-log-rows.ts'
import { migrate, writeAhead } from './event-log-schema.ts'
import type { EventBody, Materialization, Run, RunEvent, RunStart, RunStatus } from './events.ts'
import { type OwnerState, ownerState, ownProcess } from './process-owner.ts'
import { type PruneOptions, type PruneResult, pruneRuns } from './prune-runs.ts'
import { RunLocks } from './run-locks.ts'

const runAborted = 'The run was aborted by an internal error.'

/** Milliseconds to wait while another process holds the log, in all. */
const patienceMs = 10_000

/** The same, for what the next process that opens the log does as well. */
const shortPatienceMs = 200

/** Aborted runs of this process whose end could not be recorded yet. */
const abortedRuns = new Set<string>()

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
  readonly #locks: RunLocks
  readonly #onClose: () => void
  #damagedRows = 0

  private constructor(file: string, durability: Durability, { lockFolder = lockFolderOf(file), onClose = (): void => {} } = {}) {
    this.#file = file
    this.#locks = new RunLocks(lockFolder)
    this.#onClose = onClose
    this.#db = new DatabaseSync(file, { timeout: patienceMs })
    this.#inode = inodeOf(file)
    try {
      writeAhead(this.#db, patienceMs)
      this.#db.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}; PRAGMA foreign_keys = ON`)
      migrate(this.#db, file)
      this.#insert = this.#db.prepare('INSERT INTO events (run_id, time, type, asset, partition, body) VALUES (?, ?, ?, ?, ?, ?)')
      this.#failTornRuns()
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /**
   * Opens the log of the project in `folder`, and makes it when there is none.
   * @throws DAGMA_EVENT_LOG_NEWER, DAGMA_EVENT_LOG_UNWRITABLE, DAGMA_EVENT_LOG_LOCKED, DAGMA_EVENT_LOG_DAMAGED, as all that reads or writes does
   */
  static open(folder: string, durability: Durability = 'process'): EventLog {
    const file = logFile(folder)
    try {
      const isNew = !existsSync(file)
      makeFolder(dirname(file), { sync: durability === 'power' })
      const log = new EventLog(file, durability)
      if (isNew && durability === 'power') syncFolder(dirname(file))
      return log
    } catch (error) {
      throw eventLogFailure(file, error)
    }
  }

  /** Opens the log of the project in `folder` to go on with one of its runs: where there is none, an empty one, and nothing is written. */
  static openExisting(folder: string, durability: Durability = 'process'): EventLog {
    return existsSync(logFile(folder)) ? EventLog.open(folder, durability) : EventLog.inMemory()
  }

  /** Opens the log of the project in `folder` for reading. Of one that may only be read, a copy is opened. */
  static openToRead(folder: string): EventLog {
    try {
      return EventLog.openExisting(folder)
    } catch (error) {
      if (!(error instanceof DagmaError && error.code === 'DAGMA_EVENT_LOG_UNWRITABLE')) throw error
      const copy = copyOfEventLog(logFile(folder))
      if (copy === undefined) throw error
      try {
        return new EventLog(copy.file, 'process', { lockFolder: lockFolderOf(logFile(folder)), onClose: copy.remove })
      } catch (failure) {
        copy.remove()
        throw eventLogFailure(logFile(folder), failure)
      }
    }
  }

  /** A log in memory, gone when it is closed. */
  static inMemory(): EventLog {
    return new EventLog(':memory:', 'process')
  }

  /** Records that a run of this process starts. @throws DAGMA_RUN_NOT_RETRYABLE when it retries a run that was retried before */
  startRun(run: RunStart, time: number = Date.now()): RunEvent[] {
    const { runId, ...body } = run
    this.#locks.hold(runId)
    return this.#transaction(() => {
      if (run.parentRunId !== null) this.#expectNotRetried(run.parentRunId)
      this.#db
        .prepare(
          `INSERT INTO runs (run_id, status, owner, start_time, parent_run_id, body, ordinal)
           VALUES (?, ?, ?, ?, ?, ?, (SELECT coalesce(max(ordinal), 0) + 1 FROM runs))`,
        )
        .run(runId, 'STARTED', ownProcess(), time, run.parentRunId, JSON.stringify(body))
      return this.append(runId, [{ type: 'RUN_START' }], [time])
    })
  }

  /**
   * Records a run's end, unless that was recorded before, at `time` or, when the clock was set back since, at that of its last event. `message`
   * says why it failed.
   */
  endRun(runId: string, status: Exclude<RunStatus, 'STARTED'>, message: string, time: number = Date.now()): RunEvent[] {
    const recorded = this.#transaction(() => {
      const last = this.#db.prepare('SELECT time FROM events WHERE run_id = ? ORDER BY id DESC LIMIT 1').get(runId)
      const end = Math.max(time, Number(last?.time ?? 0))
      const ended = this.#db
        .prepare("UPDATE runs SET status = ?, end_time = ? WHERE run_id = ? AND status = 'STARTED'")
        .run(status, end, runId)
      if (ended.changes === 0) return []
      return this.append(runId, [status === 'FAILURE' ? { type: 'RUN_FAILURE', message } : { type: `RUN_${status}` }], [end])
    })
    this.#locks.release(runId)
    return recorded
  }

  /** Whether the process of a run that was not recorded to have ended still lives, and what is known of that process. */
  owner(runId: string): OwnerState {
    const row = this.#db.prepare('SELECT owner FROM runs WHERE run_id = ?').get(runId)
    return ownerState(String(row?.owner), () => this.#locks.isHeld(runId))
  }

  /** Does what writes as soon as no other process holds the log. The event loop goes on meanwhile, unlike in the methods that write themselves. */
  async whenFree<Result>(write: () => Result): Promise<Result> {
    for (const deadline = Date.now() + patienceMs; ; await sleep(20)) {
      try {
        return this.withoutWaiting(write)
      } catch (error) {
        if (!isLocked(error) || Date.now() > deadline) throw error
      }
    }
  }

  /** Does what writes, which throws when another process holds the log just now. @throws DAGMA_EVENT_LOG_LOCKED */
  withoutWaiting<Result>(write: () => Result): Result {
    return this.#within(0, write)
  }

  /** Records that a run was aborted. If that cannot be written, it is recorded when this process, or after its end another one, opens the log. */
  abortRun(runId: string): RunEvent[] {
    try {
      return this.withoutWaiting(() => this.endRun(runId, 'FAILURE', runAborted))
    } catch {
      abortedRuns.add(runId)
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
        const { asset = null, partition = null } = body as { asset?: string; partition?: string | null }
        this.#insert.run(runId, time, body.type, asset, partition, JSON.stringify(body))
        return { ...body, runId, time }
      })
    return this.#db.isTransaction ? write() : this.#transaction(write)
  }

  /** The newest runs, newest first: in the order in which they were recorded, whatever the clock said. */
  runs(limit: number): Run[] {
    return this.#read(`SELECT ${runColumns} FROM runs ORDER BY ordinal DESC LIMIT ?`, [limit], runOf)
  }

  /** A run by its id, or by the start of its id where that is unique. @throws DAGMA_RUN_UNKNOWN */
  run(id: string): Run {
    const rows = this.#read(`SELECT ${runColumns} FROM runs WHERE run_id BETWEEN ?1 AND ?1 || char(1114111) LIMIT 2`, [id], runOf)
    const [run] = rows
    if (run === undefined || (rows.length > 1 && run.runId !== id)) throw dagmaError('DAGMA_RUN_UNKNOWN', { run: id })
    return run
  }

  /** Whether the run is in this log. */
  isKnown(runId: string): boolean {
    return this.#db.prepare('SELECT 1 FROM runs WHERE run_id = ?').get(runId) !== undefined
  }

  /** Whether the run is known to be over, and its process with it. */
  isOver(runId: string): boolean {
    const row = this.#db.prepare("SELECT 1 FROM runs WHERE run_id = ? AND status <> 'STARTED'").get(runId)
    return row !== undefined && this.owner(runId).state === 'ended'
  }

  /** All events of a run, oldest first. */
  events(runId: string): RunEvent[] {
    return [...this.eachEvent(runId)]
  }

  /** The events of a run, or those of some types, oldest first, one at a time: they may be more than there is memory for. */
  *eachEvent(runId: string, types?: readonly RunEvent['type'][]): Generator<RunEvent> {
    const query =
      'SELECT run_id, time, body FROM events WHERE run_id = ?1 AND (?2 IS NULL OR type IN (SELECT value FROM json_each(?2))) ORDER BY id'
    try {
      for (const row of this.#db.prepare(query).iterate(runId, types === undefined ? null : JSON.stringify(types))) {
        const event = this.#parsed(row, eventOf)
        if (event !== undefined) yield event
      }
    } catch (error) {
      throw eventLogFailure(this.#file, error)
    }
  }

  /** The newest materialization of an asset. */
  latestMaterialization(asset: string): Materialization | undefined {
    const newest = `SELECT run_id, time, body FROM events WHERE asset = ? AND type = 'ASSET_MATERIALIZATION' ORDER BY id DESC LIMIT 1`
    return this.#read(newest, [asset], eventOf)[0] as Materialization | undefined
  }

  /** The materializations of an asset's partitions (undefined: of the asset): that of the run where it made one, else the newest. */
  materializationsOf(
    asset: AssetKey,
    partitions: readonly (string | undefined)[],
    runId: string,
  ): Map<string | undefined, KnownMaterialization> {
    const newest = `SELECT run_id, time, body FROM events
      WHERE asset = ? AND partition IS ? AND type = 'ASSET_MATERIALIZATION' ORDER BY id DESC LIMIT ${searchedMaterializations}`
    const found = partitions.map((partition) => {
      const events = this.#read(newest, [keyText(asset), partition ?? null], eventOf) as Materialization[]
      return [partition, events.find((event) => event.runId === runId) ?? events[0]] as const
    })
    return new Map(found.flatMap(([partition, event]) => (event ? [[partition, { runId: event.runId, value: event.stored }]] : [])))
  }

  /** The newest materialization of each partition of an asset, as the number of its event: numbers grow with time. */
  materializedPartitions(asset: string): Map<string, number> {
    const newest = `SELECT partition, max(id) AS id FROM events
      WHERE asset = ? AND type = 'ASSET_MATERIALIZATION' AND partition IS NOT NULL GROUP BY partition`
    const rows = this.#read(newest, [asset], (row) => ({ partition: String(row.partition), id: Number(row.id) }))
    return new Map(rows.map(({ partition, id }) => [partition, id]))
  }

  /** The runs of partitions that failed or were canceled, oldest first, each with the number of its first event. */
  unsuccessfulPartitionRuns(): { run: Run; firstEvent: number }[] {
    const query = `SELECT ${runColumns}, (SELECT min(id) FROM events WHERE events.run_id = runs.run_id) AS first_event FROM runs
      WHERE status IN ('FAILURE', 'CANCELED') ORDER BY ordinal`
    return this.#read(query, [], (row) => ({ run: runOf(row), firstEvent: Number(row.first_event) })).filter(
      ({ run }) => run.partitionKey !== null || run.partitionKeyRange !== null,
    )
  }

  /** The keys of dynamic partitions, in the order in which they were added. */
  dynamicPartitions(name: string): string[] {
    return this.#read('SELECT partition FROM dynamic_partitions WHERE name = ? ORDER BY id', [name], (row) => String(row.partition))
  }

  /** Adds and deletes keys of dynamic partitions, all or none; returns those that were not there, and those that were. Their materializations stay. */
  changeDynamicPartitions({ partitions: name, add = [], remove = [] }: DynamicPartitionsChange): { added: string[]; deleted: string[] } {
    return this.#transaction(() => {
      const insert = this.#db.prepare('INSERT OR IGNORE INTO dynamic_partitions (name, partition) VALUES (?, ?)')
      const remover = this.#db.prepare('DELETE FROM dynamic_partitions WHERE name = ? AND partition = ?')
      const changed = (statement: StatementSync) => (key: string) => statement.run(name, key).changes > 0
      return { added: add.filter(changed(insert)), deleted: remove.filter(changed(remover)) }
    })
  }

  /** How many rows could not be read so far; they were left out. */
  get damagedRows(): number {
    return this.#damagedRows
  }

  /** Removes old runs; see {@link PruneOptions}. */
  prune(options: PruneOptions): PruneResult {
    try {
      return pruneRuns(this.#db, this.#file, options)
    } catch (error) {
      throw eventLogFailure(this.#file, error)
    }
  }

  [Symbol.dispose](): void {
    this.#locks[Symbol.dispose]()
    this.#db.close()
    this.#onClose()
  }

  /** Rows as `parse` reads them. One that it cannot read is left out and counted, so that it does not hide the others. */
  #read<Result>(query: string, values: SQLInputValue[], parse: (row: Row) => Result): Result[] {
    try {
      return this.#db
        .prepare(query)
        .all(...values)
        .flatMap((row) => this.#parsed(row, parse) ?? [])
    } catch (error) {
      throw eventLogFailure(this.#file, error)
    }
  }

  #parsed<Result>(row: Row, parse: (row: Row) => Result): Result | undefined {
    try {
      return parse(row)
    } catch {
      this.#damagedRows++
      return undefined
    }
  }

  /** A run whose process is gone did not end: it failed. So did one that was aborted. While another process holds the log, that is left to the next. */
  #failTornRuns(): void {
    for (const { run_id } of this.#db.prepare("SELECT run_id FROM runs WHERE status = 'STARTED'").all()) {
      const runId = String(run_id)
      const isOfThisProcess = abortedRuns.has(runId)
      if (!isOfThisProcess && this.owner(runId).state !== 'ended') continue
      const message = isOfThisProcess ? runAborted : 'The process of this run exited before the run ended.'
      try {
        this.#within(shortPatienceMs, () => this.endRun(runId, 'FAILURE', message))
      } catch (error) {
        if (isLocked(error)) return
        throw error
      }
      abortedRuns.delete(runId)
    }
  }

  /** A run is retried once: two retries would make the same assets twice. */
  #expectNotRetried(runId: string): void {
    const retry = this.#db.prepare('SELECT run_id FROM runs WHERE parent_run_id = ?').get(runId)
    if (retry === undefined) return
    const reason = `run ${String(retry.run_id).slice(0, 8)} retries it; retry that one if it failed`
    throw dagmaError('DAGMA_RUN_NOT_RETRYABLE', { run: runId, reason })
  }

  /** Does what writes, with another time to wait for other processes, in milliseconds. */
  #within<Result>(patience: number, write: () => Result): Result {
    this.#db.exec(`PRAGMA busy_timeout = ${patience}`)
    try {
      return write()
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${patienceMs}`)
    }
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
      throw eventLogFailure(this.#file, error)
    }
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof DagmaError && error.code === 'DAGMA_EVENT_LOG_LOCKED'
}

/** SQLite goes on writing to a file that was deleted, and nobody would ever see what it wrote. */
function deleted(file: string): Error {
  return dagmaError('DAGMA_EVENT_LOG_UNWRITABLE', { file, reason: 'it was deleted or replaced while in use' })
}

/** Undefined for a log in memory, and when there is no file. */
function inodeOf(file: string): bigint | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino
}

/** None for a log in memory, of which no other process knows. */
function lockFolderOf(file: string): string | undefined {
  return file === ':memory:' ? undefined : join(dirname(file), 'running')
}

function logFile(folder: string): string {
  return join(folder, '.dagma', 'events.sqlite')
}
