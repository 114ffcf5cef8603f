import { Command } from 'commander'
import type { MaterializeOptions } from '../../engine/run-options.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { type NewRunOptions, runInTerminal, withNewRunOptions } from '../terminal/run-in-terminal.ts'

/** The parts of a command that starts a new run. */
interface NewRunCommand<Target> {
  readonly name: string
  readonly description: string
  /** The option that says what is run: its flags and its description. */
  readonly target: readonly [flags: string, description: string]
  readonly request: (target: Target) => Pick<MaterializeOptions, 'job' | 'selection' | 'kind'>
}

/** A command that starts a new run of what its one required option names. */
export function newRunCommand<Target>({ name, description, target, request }: NewRunCommand<Target>): Command {
  return withNewRunOptions(new Command(name).description(description))
    .requiredOption(...target)
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (options: ModuleOption & JsonOption & NewRunOptions & Target) => {
      const { project, definitions } = await loadProject(options)
      await runInTerminal(project, definitions, request(options), options)
    })
}

/** `--select`, of the commands that run assets. */
export const selectOption: readonly [string, string] = ['-s, --select <selection>', 'which assets, in Dagster’s selection syntax']
