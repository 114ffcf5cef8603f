import { Command } from 'commander'
import { findProject } from '../../runtime/project/project.ts'
import { type JsonOption, jsonOption, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson } from '../terminal/output.ts'
import { partitionText } from '../terminal/partition-text.ts'
import { progress } from '../terminal/progress.ts'
import { readLog } from '../terminal/read-log.ts'
import { recordedSteps } from '../terminal/step-texts.ts'
import { runJson } from './run-list.ts'

/** `dagma run show` */
export function runShowCommand(): Command {
  return new Command('show')
    .description('Show the events of a run.')
    .argument('<run>', 'run id, or its first characters')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action((id: string, { json, module }: ModuleOption & JsonOption) => {
      readLog(findProject(process.cwd(), module).folder, (log) => {
        const run = log.run(id)
        const events = log.eachEvent(run.runId)
        if (json) printJson({ run: runJson(run), events })
        else {
          const show = progress({ partition: partitionText(run), position: '' }, recordedSteps(run))
          for (const event of events) show(event)
        }
      })
    })
}
