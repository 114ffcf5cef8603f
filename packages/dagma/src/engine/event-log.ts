import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DynamicPartitionsChange } from '../definitions/automation/sensor.ts'
import { DagmaError, dagmaError } from '../errors.ts'
import { makeFolder, syncFolder } from '../runtime/durable-folder.ts'
import { copyOfEventLog } from './event-log-copy.ts'
import { eventLogFailure } from './event-log-failure.ts'
import { EventLogReader } from './event-log-reader.ts'
import { migrate, writeAhead } from './event-log-schema.ts'
import type { EventBody, RunEvent, RunStart, RunStatus } from './events.ts'
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

/** How durable an acknowledged event is: it survives a crash of the process, or also a power failure. */
export type Durability = 'process' | 'power'

/**
 * The embedded engine's record of runs and events: one SQLite database. What {@link EventLog.append} returned from survives the death of
 * the process (write-ahead log, synchronous NORMAL), or with durability `power` a power cut (synchronous FULL). Several processes may use one log.
 */
export class EventLog extends EventLogReader implements Disposable {
  readonly #insert: StatementSync
  /** The file that is open: another one may be in its place later, or none. */
  readonly #inode: bigint | undefined
  readonly #locks: RunLocks
  readonly #onClose: () => void

  private constructor(file: string, durability: Durability, { lockFolder = lockFolderOf(file), onClose = (): void => {} } = {}) {
    super(new DatabaseSync(file, { timeout: patienceMs }), file)
    this.#locks = new RunLocks(lockFolder)
    this.#onClose = onClose
    this.#inode = inodeOf(file)
    try {
      writeAhead(this.db, patienceMs)
      this.db.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}; PRAGMA foreign_keys = ON`)
      migrate(this.db, file)
      this.#insert = this.db.prepare('INSERT INTO events (run_id, time, type, asset, partition, body) VALUES (?, ?, ?, ?, ?, ?)')
      this.#failTornRuns()
    } catch (error) {
      this.db.close()
      throw error
    }
  }

  /**
   * Opens the log of the project in `folder`, and makes it when there is none.
   * @throws DAGMA_EVENT_LOG_NEWER, DAGMA_EVENT_LOG_UNWRITABLE, DAGMA_EVENT_LOG_LOCKED, DAGMA_EVENT_LOG_DAMAGED, as every method that reads or writes does
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

  /** Opens the log of the project in `folder` to continue with one of its runs: where there is none, an empty one, and nothing is written. */
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
      this.db
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
      const last = this.db.prepare('SELECT time FROM events WHERE run_id = ? ORDER BY id DESC LIMIT 1').get(runId)
      const end = Math.max(time, Number(last?.time ?? 0))
      const ended = this.db
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
    const row = this.db.prepare('SELECT owner FROM runs WHERE run_id = ?').get(runId)
    return ownerState(String(row?.owner), () => this.#locks.isHeld(runId))
  }

  /** Does what writes as soon as no other process holds the log. The event loop continues meanwhile, unlike in the methods that write themselves. */
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
   * @throws DAGMA_EVENT_LOG_UNWRITABLE, as every method that writes does
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
    return this.db.isTransaction ? write() : this.#transaction(write)
  }

  /** Whether the run is known to be over, and its process with it. */
  isOver(runId: string): boolean {
    const row = this.db.prepare("SELECT 1 FROM runs WHERE run_id = ? AND status <> 'STARTED'").get(runId)
    return row !== undefined && this.owner(runId).state === 'ended'
  }

  /** Adds and deletes keys of dynamic partitions, all or none; returns those that were not there, and those that were. Their materializations stay. */
  changeDynamicPartitions({ partitions: name, add = [], remove = [] }: DynamicPartitionsChange): { added: string[]; deleted: string[] } {
    return this.#transaction(() => {
      const insert = this.db.prepare('INSERT OR IGNORE INTO dynamic_partitions (name, partition) VALUES (?, ?)')
      const remover = this.db.prepare('DELETE FROM dynamic_partitions WHERE name = ? AND partition = ?')
      const changed = (statement: StatementSync) => (key: string) => statement.run(name, key).changes > 0
      return { added: add.filter(changed(insert)), deleted: remove.filter(changed(remover)) }
    })
  }

  /** Removes old runs; see {@link PruneOptions}. */
  prune(options: PruneOptions): PruneResult {
    try {
      return pruneRuns(this.db, this.file, options)
    } catch (error) {
      throw eventLogFailure(this.file, error)
    }
  }

  [Symbol.dispose](): void {
    this.#locks[Symbol.dispose]()
    this.db.close()
    this.#onClose()
  }

  /** A run whose process is gone did not end: it failed. So did one that was aborted. While another process holds the log, that is left to the next. */
  #failTornRuns(): void {
    for (const { run_id } of this.db.prepare("SELECT run_id FROM runs WHERE status = 'STARTED'").all()) {
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
    const retry = this.db.prepare('SELECT run_id FROM runs WHERE parent_run_id = ?').get(runId)
    if (retry === undefined) return
    const reason = `run ${String(retry.run_id).slice(0, 8)} retries it; retry that one if it failed`
    throw dagmaError('DAGMA_RUN_NOT_RETRYABLE', { run: runId, reason })
  }

  /** Does what writes, with another time to wait for other processes, in milliseconds. */
  #within<Result>(patience: number, write: () => Result): Result {
    this.db.exec(`PRAGMA busy_timeout = ${patience}`)
    try {
      return write()
    } finally {
      this.db.exec(`PRAGMA busy_timeout = ${patienceMs}`)
    }
  }

  #transaction<Result>(action: () => Result): Result {
    try {
      if (this.#inode !== inodeOf(this.file)) throw deleted(this.file)
      this.db.exec('BEGIN IMMEDIATE')
      const result = action()
      this.db.exec('COMMIT')
      return result
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK')
      throw eventLogFailure(this.file, error)
    }
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof DagmaError && error.code === 'DAGMA_EVENT_LOG_LOCKED'
}

/** SQLite continues writing to a file that was deleted, and nobody would ever see what it wrote. */
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
