import { Command } from 'commander'
import { loadProject, type ModuleOption, moduleOption } from './options.ts'
import { printLine } from './output.ts'

/** `dagma definitions validate` */
export function definitionsValidateCommand(): Command {
  return new Command('validate')
    .description('Check the definitions, and print all that is wrong at once.')
    .addOption(moduleOption())
    .action(async (options: ModuleOption) => {
      const { assets, checks, jobs, schedules, sensors } = (await loadProject(options)).definitions
      const counts = Object.entries({ assets, checks, jobs, schedules, sensors }).map(([what, items]) => `${items.size} ${what}`)
      printLine(`All good: ${counts.join(', ')}.`)
    })
}
