import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A copy of an event log, to be removed after use. */
export interface EventLogCopy {
  readonly file: string
  readonly remove: () => void
}

/**
 * Copies an event log that may be read but not written, with its write-ahead log: SQLite itself cannot read one whose folder it may not write
 * to. Undefined when it cannot be read, or changes all the time.
 */
export function copyOfEventLog(file: string): EventLogCopy | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-event-log-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const parts = ['', '-wal']
  const state = (): string => parts.map((part) => stateOf(`${file}${part}`)).join()
  try {
    for (let tries = 0; tries < 5; tries++) {
      const before = state()
      for (const part of parts) if (existsSync(`${file}${part}`)) copyFileSync(`${file}${part}`, join(folder, `events.sqlite${part}`))
      if (state() === before) return { file: join(folder, 'events.sqlite'), remove }
    }
  } catch {
    // it cannot be read
  }
  remove()
  return undefined
}

function stateOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return `${found?.size}:${found?.mtimeNs}`
}
