import { Command } from 'commander'
import { endLostRun } from '../../engine/end-lost-run.ts'
import { EventLog } from '../../engine/event-log.ts'
import { findProject } from '../../runtime/project/project.ts'
import { type JsonOption, jsonOption, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printLine } from '../terminal/output.ts'
import { runJson } from './run-list.ts'

/** `dagma run end` */
export function runEndCommand(): Command {
  return new Command('end')
    .description('Record a run as failed whose process is gone but cannot be checked from this machine.')
    .argument('<run>', 'run id, or its first characters')
    .option('--force', 'even if its process seems to be alive')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action((id: string, { force = false, json, module }: ModuleOption & JsonOption & { force?: boolean }) => {
      using log = EventLog.openExisting(findProject(process.cwd(), module).folder)
      const run = endLostRun(log, id, { force })
      if (json) printJson(runJson(run))
      else printLine(`Run ${run.runId.slice(0, 8)} is recorded as failed. Retry it with \`dagma run retry ${run.runId.slice(0, 8)}\`.`)
    })
}
