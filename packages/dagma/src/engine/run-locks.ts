import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Files that a process keeps locked while its runs continue: the system lets go of them when the process ends, however it ends, and other containers
 * on the same disk see that. Locks are SQLite's own, so they work wherever the event log does.
 */
export class RunLocks implements Disposable {
  readonly #folder: string | undefined
  readonly #held = new Map<string, DatabaseSync>()

  /** `undefined` for an event log in memory, which needs no locks. */
  constructor(folder: string | undefined) {
    this.#folder = folder
  }

  /** Locks the file of a run of this process. */
  hold(runId: string): void {
    if (this.#folder === undefined || this.#held.has(runId)) return
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const lock = new DatabaseSync(fileOf(this.#folder, runId), { timeout: 0 })
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    this.#held.set(runId, lock)
  }

  /** Removes the file of a run that has ended. */
  release(runId: string): void {
    this.#held.get(runId)?.close()
    this.#held.delete(runId)
    if (this.#folder !== undefined) rmSync(fileOf(this.#folder, runId), { force: true })
  }

  /** Whether some process keeps the file of a run locked; undefined where that cannot be seen. */
  isHeld(runId: string): boolean | undefined {
    if (this.#folder === undefined) return undefined
    const file = fileOf(this.#folder, runId)
    if (!existsSync(file)) return false
    try {
      using lock = new DatabaseSync(file, { readOnly: true, timeout: 0 })
      lock.prepare('SELECT 1 FROM sqlite_schema').all()
      return false
    } catch (error) {
      const isBusy = error instanceof Error && 'errcode' in error && error.errcode === 5
      return isBusy ? true : undefined
    }
  }

  /** Lets go of all; the files stay. */
  [Symbol.dispose](): void {
    for (const lock of this.#held.values()) lock.close()
    this.#held.clear()
  }
}

function fileOf(folder: string, runId: string): string {
  return join(folder, `${encodeURIComponent(runId)}.lock`)
}
