import { holdGate } from '../../runtime/gate/stdio-gate.ts'
import { loadContext } from './context-loader.ts'
import { MessageSender } from './message-sender.ts'
import { defaultWriter } from './message-writer.ts'
import { type ParamsSource, readParams } from './params.ts'
import { messageLine, type PipesContextData, type PipesMessageWriter, type PipesParams } from './protocol.ts'
import { PipesSession } from './session.ts'
import { captureStdio } from './stdio-capture.ts'

/** How {@link openPipes} finds the parameters from Dagster. Options left out are detected. */
export interface PipesOptions {
  /** Variables by name; default `process.env`. The event of a Lambda function that `PipesLambdaClient` calls is one, too. */
  readonly environment?: ParamsSource['environment']
  /** Arguments of the command line after the script's name; default those of this process. They go before the environment. */
  readonly args?: ParamsSource['args']
  /** Finds the context; by default inline, in a file or in S3, as Dagster's parameters say. */
  readonly contextLoader?: (params: PipesParams) => PipesContextData | Promise<PipesContextData>
  /** Makes the writer that Dagster's message reader waits for; by default to a file, a folder, a stream or S3, as the parameters say. */
  readonly messageWriter?: (params: PipesParams) => PipesMessageWriter | Promise<PipesMessageWriter>
}

/**
 * Opens the Pipes session that a Pipes client of Dagster started this process for. Close it, or use {@link runPipes}, which does that.
 * When Dagster did not start this process, it warns, and the session reports nowhere.
 * @throws DAGMA_PIPES_PARAMS_INVALID when Dagster's parameters cannot be understood, DAGMA_PACKAGE_MISSING when they name S3 and the AWS SDK is not
 * installed.
 * @example
 * ```ts
 * const session = await openPipes()
 * session.reportAssetMaterialization({ metadata: { rows: 2 } })
 * await session.close()
 * ```
 */
export async function openPipes(options: PipesOptions = {}): Promise<PipesSession> {
  const { environment = process.env, args = process.argv.slice(2), contextLoader = loadContext, messageWriter = defaultWriter } = options
  const params = readParams({ environment, args })
  if (params === undefined) return outside()
  const data = await contextLoader(params.context)
  const writer = await messageWriter(params.messages)
  const sender = new MessageSender((message) => writer.write(messageLine(message)), writer.openedExtras)
  const release = holdGate()
  const endCapture = params.messages.include_stdio_in_messages
    ? captureStdio((stream, text) => sender.logExternalStream(stream, text))
    : () => {}
  /** Nobody will close the session: it says at least why. Only what is written at once still gets out. */
  const dying = (error: Error): void => {
    if (process.listenerCount('uncaughtException') === 0) session.close(error).catch(() => {})
  }
  process.on('uncaughtExceptionMonitor', dying)
  const session = new PipesSession({
    data,
    sender,
    ending: () => {
      process.off('uncaughtExceptionMonitor', dying)
      endCapture()
      release()
    },
    ended: () => writer.close(),
  })
  return session
}

/**
 * Opens the session, calls `run` with it, and closes it: well, or with the error that `run` threw, which is thrown on. Gives what `run` gives.
 * @throws what `run` and {@link openPipes} throw, and DAGMA_PIPES_DELIVERY_FAILED when messages could not be delivered.
 * @example
 * ```ts
 * await runPipes((session) => session.reportAssetMaterialization({ metadata: { rows: 2 } }))
 * ```
 */
export async function runPipes<Result>(run: (session: PipesSession) => Result | Promise<Result>, options?: PipesOptions): Promise<Result> {
  const session = await openPipes(options)
  let result: Result
  try {
    result = await run(session)
  } catch (error) {
    await session.close(error ?? new Error(`${error} was thrown`)).catch((undelivered) => process.emitWarning(undelivered))
    throw error
  }
  await session.close()
  return result
}

function outside(): PipesSession {
  process.emitWarning('Dagster did not start this process: reports through Dagster Pipes are discarded.', {
    type: 'DagmaPipesWarning',
  })
  return new PipesSession({ data: undefined, sender: new MessageSender(() => {}), ending: () => {}, ended: async () => {} })
}
