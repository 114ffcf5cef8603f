import { Command } from 'commander'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { type NewRunOptions, runInTerminal, withNewRunOptions } from '../terminal/run-in-terminal.ts'

/** `dagma asset observe` */
export function assetObserveCommand(): Command {
  return withNewRunOptions(new Command('observe').description('Observe observable assets, in this process.'))
    .requiredOption('-s, --select <selection>', 'which assets, in Dagster’s selection syntax')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (options: ModuleOption & JsonOption & NewRunOptions & { select: string }) => {
      const { project, definitions } = await loadProject(options)
      await runInTerminal(project, definitions, { selection: options.select, kind: 'observe' }, options)
    })
}
