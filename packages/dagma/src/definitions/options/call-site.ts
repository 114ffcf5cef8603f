import { fileURLToPath } from 'node:url'

/** A line of a user's source. */
export interface SourcePlace {
  /** Absolute path. */
  readonly file: string
  readonly line: number
}

/** Where the function that calls this one was called from. The stack is read only when asked for. */
export function callSite(callee: (...args: never[]) => unknown): () => SourcePlace | undefined {
  const holder: { stack?: string } = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 1
  Error.captureStackTrace(holder, callee)
  Error.stackTraceLimit = limit
  return () => {
    const found = /\(?((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/m.exec(holder.stack ?? '')
    if (!found?.[1]) return undefined
    const file = found[1].startsWith('file://') ? fileURLToPath(found[1]) : found[1]
    return { file, line: Number(found[2]) }
  }
}
