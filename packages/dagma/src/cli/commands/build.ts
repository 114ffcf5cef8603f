import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { manifestText } from '../../dagster/host/digests.ts'
import { loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printAnswer } from '../terminal/output.ts'

/** `dagma build` */
export function buildCommand(): Command {
  return new Command('build')
    .description('Write the manifest that the Dagster host reads.')
    .option('-o, --output <file>', '"-" for standard output', '-')
    .addOption(moduleOption())
    .action(async ({ output, ...options }: ModuleOption & { output: string }) => {
      const { project, definitions } = await loadProject({ ...options, json: output === '-' })
      const text = manifestText(definitions, project)
      if (output === '-') printAnswer(text)
      else writeFileSync(output, `${text}\n`)
    })
}
