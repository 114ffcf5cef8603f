import { Command } from 'commander'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { type NewRunOptions, runInTerminal, withNewRunOptions } from '../terminal/run-in-terminal.ts'

/** `dagma job launch` */
export function jobLaunchCommand(): Command {
  return withNewRunOptions(new Command('launch').description('Run a job, in this process.'))
    .requiredOption('-j, --job <name>', 'name of the job')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (options: ModuleOption & JsonOption & NewRunOptions & { job: string }) => {
      const { project, definitions } = await loadProject(options)
      await runInTerminal(project, definitions, { job: options.job }, options)
    })
}
