import { dagmaError } from '../../errors.ts'
import { endAsExitDoes } from '../../runtime/step/process-end.ts'

/**
 * Returns the result of `work`, everything that a command does. If code of the project ends the process earlier, with exit code 0, that is reported, and the exit
 * code is 1: a step, a sensor, or a module that loads. When it waits for a promise that nothing settles any more, Node would end the process with
 * exit code 13 and no word of Dagma's.
 * @throws DAGMA_NEVER_SETTLED
 */
export async function toItsEnd<Result>(work: Promise<Result>): Promise<Result> {
  const stuck = Promise.withResolvers<never>()
  let times = 0
  const nothingLeft = (): void => {
    // The first time, someone nearer to the cause may say more of it.
    if (times++ === 0) setImmediate(() => {})
    else stuck.reject(dagmaError('DAGMA_NEVER_SETTLED', {}))
  }
  const onExit = (exitCode: number): void => {
    if (exitCode !== 0 || process.exitCode) return // a run that was on has said it
    process.exitCode = 1
    process.stderr.write(`error: ${dagmaError('DAGMA_PROCESS_EXITED', { exitCode, steps: [] }).message}\n`)
  }
  process.on('beforeExit', nothingLeft)
  process.on('exit', onExit)
  endAsExitDoes()
  try {
    return await Promise.race([work, stuck.promise])
  } finally {
    process.off('beforeExit', nothingLeft)
    process.off('exit', onExit)
  }
}
