import { type Command, CommanderError } from 'commander'
import { DagmaError, DefinitionErrors } from '../errors.ts'
import { gateError } from '../runtime/gate/exit-gate.ts'
import { holdGate } from '../runtime/gate/stdio-gate.ts'
import { namedCommand } from './command-table.ts'
import { endProcess } from './terminal/end-process.ts'
import { errorLines } from './terminal/error-lines.ts'
import { endWith, exitCodes } from './terminal/exit-codes.ts'
import { withFlagHint } from './terminal/flag-hints.ts'
import { toItsEnd } from './terminal/to-its-end.ts'

/** Runs the command line, sets the process's exit code, and ends the process. */
export async function main(argv: readonly string[]): Promise<void> {
  holdGate()
  process.setSourceMapsEnabled(true)
  // Node itself would print errors that user code throws outside a step, past the exit gate.
  process.on('uncaughtException', (error) => process.exit(report(error)))
  try {
    const root = exitingByException((await namedCommand(argv)) ?? (await (await import('./program.ts')).program()))
    if (argv[0] === 'complete') await complete(root)
    await toItsEnd(root.parseAsync([...argv], { from: 'user' }))
  } catch (error) {
    endWith(report(error))
  }
  await endProcess()
}

/** Shell completion costs its import only when a shell asks for it. */
async function complete(root: Command): Promise<void> {
  const { default: tab } = await import('@bomb.sh/tab/commander')
  tab(root)
}

/** Wrong usage reaches {@link report} instead of ending the process. */
function exitingByException(command: Command): Command {
  command.exitOverride()
  for (const child of command.commands) exitingByException(child)
  return command
}

/** Prints what went wrong and gives the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.good : exitCodes.wrongUsage
  if (error instanceof DefinitionErrors) {
    for (const one of error.errors) process.stderr.write(`error: ${withFlagHint(one, one.message)}\n`)
    return exitCodes.wrongUsage
  }
  const wire = { ...gateError(error), message: withFlagHint(error, gateError(error).message) }
  // A coded error says where and how; its frames would be those of the command line.
  const lines = errorLines(error instanceof DagmaError ? { ...wire, stack: [] } : wire)
  process.stderr.write(`error: ${lines.join('\n')}\n`)
  return error instanceof DagmaError && error.kind === 'definition' ? exitCodes.wrongUsage : exitCodes.runFailed
}
