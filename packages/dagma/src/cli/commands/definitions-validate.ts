import { Command } from 'commander'
import { buildManifest } from '../../dagster/host/manifest.ts'
import { projectFolderWarnings } from '../../definitions/validation/loaded-values.ts'
import { expectModuleList } from '../../runtime/project/module-list.ts'
import { findProject } from '../../runtime/project/project.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printLine } from '../terminal/output.ts'

/** `dagma definitions validate` */
export function definitionsValidateCommand(): Command {
  return new Command('validate')
    .description('Check the definitions, and print every problem.')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (options: ModuleOption & JsonOption) => {
      expectModuleList(findProject(process.cwd(), options.module))
      const { project, definitions } = await loadProject(options)
      buildManifest(definitions, project.folder) // what Dagster reads: it finds what cannot be carried
      for (const warning of projectFolderWarnings(definitions)) process.stderr.write(`warning: ${warning}\n`)
      const { assets, checks, jobs, schedules, sensors } = definitions
      const counts = Object.entries({ assets, checks, jobs, schedules, sensors }).map(([what, items]) => [what, items.size] as const)
      if (options.json) printJson(Object.fromEntries(counts))
      else
        printLine(`Definitions are valid: ${counts.map(([what, size]) => `${size} ${size === 1 ? what.slice(0, -1) : what}`).join(', ')}.`)
    })
}
