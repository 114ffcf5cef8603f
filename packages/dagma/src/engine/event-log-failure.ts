import { DagmaError, dagmaError } from '../errors.ts'

/** SQLite's primary result codes: https://www.sqlite.org/rescode.html */
const sqlite = { error: 1, busy: 5, locked: 6, readonly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const

const unwritable: readonly number[] = [sqlite.readonly, sqlite.ioError, sqlite.full, sqlite.cannotOpen]
const damaged: readonly number[] = [sqlite.corrupt, sqlite.notADatabase]

/**
 * Converts an error of SQLite or the file system into one of the event log: locked by another process, not writable, or damaged. Any other error is
 * returned as it is.
 */
export function eventLogFailure(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DagmaError) return error
  const details = { file, reason: error.message }
  if ('syscall' in error) return dagmaError('DAGMA_EVENT_LOG_UNWRITABLE', details, error) // the folder could not be made
  const code = codeOf(error)
  if (code === undefined) return error
  if (isBusy(error)) return dagmaError('DAGMA_EVENT_LOG_LOCKED', { file }, error)
  if (unwritable.includes(code)) return dagmaError('DAGMA_EVENT_LOG_UNWRITABLE', details, error)
  if (damaged.includes(code) || isMissing(code, error)) return dagmaError('DAGMA_EVENT_LOG_DAMAGED', details, error)
  return error
}

/** Whether a table or column of ours is missing: our own statements have no other error of this code. */
function isMissing(code: number, { message }: Error): boolean {
  return code === sqlite.error && /^no such (table|column)/.test(message)
}

/** Whether SQLite threw it because another connection holds the database. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error)
  return code === sqlite.busy || code === sqlite.locked
}

/** SQLite's primary result code. */
function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}
