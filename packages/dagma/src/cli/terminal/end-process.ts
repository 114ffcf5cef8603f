import { flushWriters, outputTaken } from '../../runtime/gate/gated-output.ts'
import { ownExitCode } from './exit-codes.ts'
import { isInterrupted } from './interruption.ts'

/** How long what is open may take to close by itself, in milliseconds. */
const patience = 200

/** Ends the process, whose work is done: when its output was read, and whatever the project left open. Signals end it at once from now on. */
export async function endProcess(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const listeners = process.listeners(signal)
    process.on(signal, endBySignal) // before the others go: a signal that has come and waits to be heard is lost with the last listener
    for (const listener of listeners) process.off(signal, listener)
  }
  process.exitCode = ownExitCode()
  process.on('exit', () => {
    if (!process.exitCode) process.exitCode = ownExitCode() // a listener of the project's may have set it
  })
  flushWriters()
  if (!isInterrupted()) await outputTaken()
  setTimeout(() => {
    const open = openThings()
    if (open !== '')
      process.stderr.write(
        `note: the project left ${open} open; the command ended nevertheless. Close what a resource opens in its close().\n`,
      )
    process.exit(ownExitCode())
  }, patience).unref()
}

function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

const names: { readonly [resource: string]: string } = {
  Timeout: 'timers',
  TCPSocketWrap: 'connections',
  TLSWrap: 'connections',
  TCPServerWrap: 'servers',
  PipeServerWrap: 'servers',
  UDPWrap: 'UDP sockets',
  ProcessWrap: 'child processes',
  FSEventWrap: 'file watchers',
  StatWatcher: 'file watchers',
}

/** The handles that keep the process alive, such as "timers, servers". */
function openThings(): string {
  return [...new Set(process.getActiveResourcesInfo().flatMap((resource) => names[resource] ?? []))].join(', ')
}
