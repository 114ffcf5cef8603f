/**
 * Unfinished work is notified when this process ends, so that it can be recorded: a step, a hook or a resource that calls `process.exit()` takes all
 * others down.
 */
import { type DagmaError, dagmaError } from '../../errors.ts'
import { reasonOf } from '../gate/exit-gate.ts'

/** State that ends with the process. */
export interface UnfinishedWork {
  /** Names of the steps that run, which may be none between steps, in hooks, and while resources close; undefined when nothing is lost by an end. */
  readonly runningSteps: () => readonly string[] | undefined
  /** Whether it was being stopped: then that is what ended it. */
  readonly isStopping?: () => boolean
  /** Called while the process exits: only what is done at once still happens. */
  readonly onEnd: (error: DagmaError) => void
}

const unfinished = new Set<UnfinishedWork>()
let uncaught: { readonly error: unknown } | undefined
/** Whether `exit` was heard. */
let hasEnded = false
let isPatched = false

/** Tells `work` when the process ends, until the function that is returned is called. The exit code is then never 0. */
export function watchProcessEnd(work: UnfinishedWork): () => void {
  if (unfinished.size === 0) {
    process.on('uncaughtExceptionMonitor', onUncaught)
    process.prependListener('exit', onExit) // a command says it only when nothing here does
    endAsExitDoes()
  }
  unfinished.add(work)
  return () => {
    unfinished.delete(work)
    if (unfinished.size > 0) return
    process.off('uncaughtExceptionMonitor', onUncaught)
    process.off('exit', onExit)
  }
}

/** Also called for an error that a listener of the program's own catches: then the process continues. */
function onUncaught(error: unknown): void {
  uncaught = { error }
  setImmediate(() => {
    uncaught = undefined
  }).unref()
}

/** Functions that end this process without an `exit` event; both are missing in worker threads or older versions of Node. */
const silentEnds: { reallyExit?: (code?: number) => never; execve?: typeof process.execve } = process

/**
 * Makes `process.reallyExit()` outside `process.exit()`, and `process.execve()` while work is unfinished, end the process as `process.exit()` does.
 * Once for each process.
 */
export function endAsExitDoes(): void {
  const { reallyExit, execve } = silentEnds
  if (reallyExit === undefined || isPatched) return
  isPatched = true
  let isExiting = false
  silentEnds.reallyExit = (code = 0) => {
    if (!isExiting) {
      isExiting = true
      process.exit(code) // comes here again when `exit` was emitted
    }
    if (!hasEnded && unfinished.size > 0) onExit(code) // a listener of the program's own was called first, and ends it
    return reallyExit.call(process, code || Number(process.exitCode ?? 0))
  }
  if (execve !== undefined) silentEnds.execve = (...program) => (unfinished.size > 0 ? process.exit() : execve.apply(process, program))
}

function onExit(exitCode: number): void {
  hasEnded = true
  for (const work of unfinished) {
    const steps = work.runningSteps()
    if (steps === undefined) continue
    if (exitCode === 0) process.exitCode = 1
    work.onEnd(endError(work, exitCode, steps))
  }
}

function endError(work: UnfinishedWork, exitCode: number, steps: readonly string[]): DagmaError {
  if (uncaught !== undefined) return dagmaError('DAGMA_UNCAUGHT_ERROR', { reason: reasonOf(uncaught.error), steps }, uncaught.error)
  if (work.isStopping?.()) return dagmaError('DAGMA_CANCELED', { what: 'The run' })
  return dagmaError('DAGMA_PROCESS_EXITED', { exitCode, steps })
}
