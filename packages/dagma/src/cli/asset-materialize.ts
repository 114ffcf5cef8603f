import { Command } from 'commander'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from './options.ts'
import { runInTerminal } from './run-in-terminal.ts'

/** `dagma asset materialize` */
export function assetMaterializeCommand(): Command {
  return new Command('materialize')
    .description('Make assets, in this process.')
    .requiredOption('-s, --select <selection>', 'which assets, in Dagster’s selection syntax')
    .option('-c, --config <json>', 'config by asset, for example {"my_asset": {"limit": 3}}')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async ({ select, ...options }: ModuleOption & JsonOption & { select: string; config?: string }) => {
      const { project, definitions } = await loadProject(options)
      await runInTerminal(project, definitions, { ...options, selection: select })
    })
}
