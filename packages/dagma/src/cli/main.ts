import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { DagmaError, DefinitionErrors } from '../errors.ts'
import { gateError } from '../runtime/exit-gate.ts'
import { gateStdio } from '../runtime/stdio-gate.ts'
import { assetCheckCommand } from './asset-check.ts'
import { assetListCommand } from './asset-list.ts'
import { assetMaterializeCommand } from './asset-materialize.ts'
import { assetObserveCommand } from './asset-observe.ts'
import { assetShowCommand } from './asset-show.ts'
import { buildCommand } from './build.ts'
import { definitionsValidateCommand } from './definitions-validate.ts'
import { devCommand } from './dev.ts'
import { doctorCommand } from './doctor.ts'
import { exitCodes } from './exit-codes.ts'
import { jobLaunchCommand } from './job-launch.ts'
import { jobListCommand } from './job-list.ts'
import { pipesCommand } from './pipes.ts'
import { reportCommand } from './report.ts'
import { runListCommand } from './run-list.ts'
import { runLogsCommand } from './run-logs.ts'
import { runRetryCommand } from './run-retry.ts'
import { runShowCommand } from './run-show.ts'
import { scheduleListCommand } from './schedule-list.ts'
import { schedulePreviewCommand } from './schedule-preview.ts'
import { sensorListCommand } from './sensor-list.ts'
import { sensorPreviewCommand } from './sensor-preview.ts'
import { tickCommand } from './tick.ts'
import { workerCommand } from './worker.ts'

/** Runs the command line; sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  gateStdio()
  process.setSourceMapsEnabled(true)
  // What user code throws outside a step would be printed by Node itself, past the exit gate.
  process.on('uncaughtException', (error) => process.exit(report(error)))
  const root = program()
  try {
    if (argv[0] === 'complete') await complete(root)
    await root.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    process.exitCode = report(error)
  }
}

/** The command line with all its commands. */
export function program(): Command {
  const group = (name: string, description: string, ...commands: Command[]): Command => {
    const made = new Command(name).description(description)
    for (const command of commands) made.addCommand(command)
    return made
  }
  const root = group(
    'dagma',
    'Software-defined assets in TypeScript: run them here, or in the real Dagster.',
    group(
      'asset',
      'List, look at and make assets.',
      assetListCommand(),
      assetShowCommand(),
      assetMaterializeCommand(),
      assetCheckCommand(),
      assetObserveCommand(),
    ),
    group('job', 'List and launch jobs.', jobListCommand(), jobLaunchCommand()),
    group(
      'run',
      'Look at runs of the embedded engine, and retry them.',
      runListCommand(),
      runShowCommand(),
      runLogsCommand(),
      runRetryCommand(),
    ),
    group('schedule', 'List and preview schedules.', scheduleListCommand(), schedulePreviewCommand()),
    group('sensor', 'List and preview sensors.', sensorListCommand(), sensorPreviewCommand()),
    group('definitions', 'Check definitions.', definitionsValidateCommand()),
    reportCommand(),
    doctorCommand(),
    devCommand(),
    buildCommand(),
    pipesCommand(),
  )
  root.addCommand(tickCommand(), { hidden: true })
  root.addCommand(workerCommand(), { hidden: true })
  root.version(version(), '-V, --version')
  root.addHelpText(
    'after',
    '\nExit codes: 0 good, 1 a run or its report failed, 2 wrong usage or definitions.\nShell completion: `dagma complete bash` (or zsh, fish, powershell) prints the script.',
  )
  return exitingByException(root)
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
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
    for (const one of error.errors) process.stderr.write(`error: ${one.message}\n`)
    return exitCodes.wrongUsage
  }
  const wire = gateError(error)
  // A coded error says where and how; its frames would be those of the command line.
  process.stderr.write(`error: ${wire.message}\n${error instanceof DagmaError ? '' : wire.stack.join('')}`)
  for (let { cause } = wire; cause !== null; { cause } = cause) {
    if (cause.stack.length === 0 && wire.message.includes(cause.message)) continue // it adds nothing
    process.stderr.write(`caused by: ${cause.name}: ${cause.message}\n${cause.stack.join('')}`)
  }
  return error instanceof DagmaError && error.kind === 'definition' ? exitCodes.wrongUsage : exitCodes.runFailed
}
