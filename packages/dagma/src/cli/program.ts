import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { assetCheckCommand } from './asset-check.ts'
import { assetListCommand } from './asset-list.ts'
import { assetMaterializeCommand } from './asset-materialize.ts'
import { assetObserveCommand } from './asset-observe.ts'
import { assetShowCommand } from './asset-show.ts'
import { buildCommand } from './build.ts'
import { definitionsValidateCommand } from './definitions-validate.ts'
import { devCommand } from './dev.ts'
import { doctorCommand } from './doctor.ts'
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

/** All commands that people use. */
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
  root.version(version(), '-V, --version')
  root.addHelpText(
    'after',
    '\nExit codes: 0 good, 1 a run or its report failed, 2 wrong usage or definitions.\nShell completion: `dagma complete bash` (or zsh, fish, powershell) prints the script.',
  )
  return root
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
