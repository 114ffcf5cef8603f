let wasInterrupted = false

/** Whether the user wants the command to end. */
export const isInterrupted = (): boolean => wasInterrupted

/** Aborted by the first Ctrl-C or SIGTERM; a second one ends the process at once. `what` is being stopped. */
export function interruption(what: string): AbortSignal {
  const abort = new AbortController()
  const interrupt = (): void => {
    if (abort.signal.aborted) process.exit(130)
    process.stderr.write(`Stopping ${what}; interrupt again to stop at once.\n`)
    wasInterrupted = true
    abort.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return abort.signal
}
