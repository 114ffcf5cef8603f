import { Command } from 'commander'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from './options.ts'
import { runInTerminal } from './run-in-terminal.ts'

/** `dagma job launch` */
export function jobLaunchCommand(): Command {
  return new Command('launch')
    .description('Run a job, in this process.')
    .requiredOption('-j, --job <name>', 'name of the job')
    .option('-c, --config <json>', 'config by asset, for example {"my_asset": {"limit": 3}}')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (options: ModuleOption & JsonOption & { job: string; config?: string }) => {
      const { project, definitions } = await loadProject(options)
      await runInTerminal(project, definitions, options)
    })
}
