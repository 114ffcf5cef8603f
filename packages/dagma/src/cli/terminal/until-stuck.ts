import { dagmaError } from '../../errors.ts'

/**
 * What `work` gives. When it waits for a promise that nothing settles any more, Node would end the process with exit code 13 and no word of Dagma's.
 * @throws DAGMA_NEVER_SETTLED
 */
export async function untilStuck<Result>(work: Promise<Result>): Promise<Result> {
  const stuck = Promise.withResolvers<never>()
  let times = 0
  const nothingLeft = (): void => {
    // The first time, someone nearer to the cause may say more of it.
    if (times++ === 0) setImmediate(() => {})
    else stuck.reject(dagmaError('DAGMA_NEVER_SETTLED', {}))
  }
  process.on('beforeExit', nothingLeft)
  try {
    return await Promise.race([work, stuck.promise])
  } finally {
    process.off('beforeExit', nothingLeft)
  }
}
