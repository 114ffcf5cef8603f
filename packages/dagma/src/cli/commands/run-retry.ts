import { Command } from 'commander'
import { retryRun } from '../../engine/materialize.ts'
import { partitionsAt } from '../../engine/materialize-with.ts'
import { missingByStep } from '../../engine/materialized-partitions.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { partitionText } from '../terminal/partition-text.ts'
import { readLog } from '../terminal/read-log.ts'
import { type RunningOptions, show, withRunningOptions } from '../terminal/run-in-terminal.ts'

/** `dagma run retry` */
export function runRetryCommand(): Command {
  return withRunningOptions(new Command('retry').description('Retry a failed or canceled run from its failed steps.'))
    .argument('<run>', 'run id, or its first characters')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (id: string, options: ModuleOption & JsonOption & RunningOptions) => {
      const { project, definitions } = await loadProject(options)
      const at = partitionsAt(project.folder)
      const [run, partitionsOf] = readLog(project.folder, (log) => [log.run(id), missingByStep(definitions, log, log.run(id), at)] as const)
      await show({ project, definitions }, options, {
        partition: partitionText(run),
        keys: [],
        partitionsOf,
        start: (running) => retryRun(definitions, id, running),
      })
    })
}
