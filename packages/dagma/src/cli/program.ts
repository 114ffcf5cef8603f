import { Command } from 'commander'
import { ownVersion } from '../own-files.ts'
import { assetCheckCommand } from './commands/asset-check.ts'
import { assetListCommand } from './commands/asset-list.ts'
import { assetMaterializeCommand } from './commands/asset-materialize.ts'
import { assetObserveCommand } from './commands/asset-observe.ts'
import { assetShowCommand } from './commands/asset-show.ts'
import { buildCommand } from './commands/build.ts'
import { definitionsValidateCommand } from './commands/definitions-validate.ts'
import { devCommand } from './commands/dev.ts'
import { doctorCommand } from './commands/doctor.ts'
import { generateCommand } from './commands/generate.ts'
import { jobLaunchCommand } from './commands/job-launch.ts'
import { jobListCommand } from './commands/job-list.ts'
import { partitionAddCommand, partitionDeleteCommand } from './commands/partition-change.ts'
import { partitionListCommand } from './commands/partition-list.ts'
import { partitionStatusCommand } from './commands/partition-status.ts'
import { pipesCommand } from './commands/pipes.ts'
import { reportCommand } from './commands/report.ts'
import { runEndCommand } from './commands/run-end.ts'
import { runListCommand } from './commands/run-list.ts'
import { runLogsCommand } from './commands/run-logs.ts'
import { runPruneCommand } from './commands/run-prune.ts'
import { runRetryCommand } from './commands/run-retry.ts'
import { runShowCommand } from './commands/run-show.ts'
import { scheduleListCommand } from './commands/schedule-list.ts'
import { schedulePreviewCommand } from './commands/schedule-preview.ts'
import { sensorListCommand } from './commands/sensor-list.ts'
import { sensorPreviewCommand } from './commands/sensor-preview.ts'

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
      'List, inspect and materialize assets.',
      assetListCommand(),
      assetShowCommand(),
      assetMaterializeCommand(),
      assetCheckCommand(),
      assetObserveCommand(),
    ),
    group('job', 'List and launch jobs.', jobListCommand(), jobLaunchCommand()),
    group(
      'partition',
      'Show the status of partitions; list, add and delete dynamic ones.',
      partitionStatusCommand(),
      partitionListCommand(),
      partitionAddCommand(),
      partitionDeleteCommand(),
    ),
    group(
      'run',
      'Inspect, retry, end and prune runs of the embedded engine.',
      runListCommand(),
      runShowCommand(),
      runLogsCommand(),
      runRetryCommand(),
      runEndCommand(),
      runPruneCommand(),
    ),
    group('schedule', 'List and preview schedules.', scheduleListCommand(), schedulePreviewCommand()),
    group('sensor', 'List and preview sensors.', sensorListCommand(), sensorPreviewCommand()),
    group('definitions', 'Check definitions.', definitionsValidateCommand()),
    generateCommand(),
    reportCommand(),
    doctorCommand(),
    devCommand(),
    buildCommand(),
    pipesCommand(),
  )
  root.version(ownVersion(), '-V, --version')
  root.addHelpText(
    'after',
    '\nExit codes: 0 success, 1 a run or its report failed, 2 invalid usage or definitions.\nShell completion: `dagma complete bash` (or zsh, fish, powershell) prints the script.',
  )
  return root
}
