import { watchForBusyThread } from './busy-thread.ts'

let wasInterrupted = false

/** Whether the user wants the command to end. */
export const isInterrupted = (): boolean => wasInterrupted

/**
 * Aborted by the first Ctrl-C or SIGTERM, or when the terminal is closed. A second Ctrl-C or SIGTERM ends the process at once. `what` is being
 * stopped. While a step keeps the thread busy for more than a second, so that nothing here can be called, each of these signals ends the process.
 */
export function interruption(what: string): AbortSignal {
  const abort = new AbortController()
  const stop = (): void => {
    wasInterrupted = true
    abort.abort()
  }
  const interrupt = (): void => {
    if (abort.signal.aborted) process.exit(130)
    process.stderr.write(`Stopping ${what}; interrupt again to exit immediately.\n`)
    stop()
  }
  // The shell and the system both send SIGHUP: it is never the second of two.
  const handlers = { SIGINT: interrupt, SIGTERM: interrupt, SIGHUP: stop } as const
  const signals = Object.keys(handlers) as (keyof typeof handlers)[]
  const listen = (): void => {
    for (const name of signals) process.on(name, handlers[name])
  }
  listen()
  watchForBusyThread({
    onBusy: () => {
      for (const name of signals) process.off(name, handlers[name])
    },
    onAlive: listen,
  })
  return abort.signal
}
