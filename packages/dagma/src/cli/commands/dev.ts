import { dirname } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { reasonOf } from '../../runtime/gate/exit-gate.ts'
import { writeModuleList } from '../../runtime/project/module-list.ts'
import { findProject } from '../../runtime/project/project.ts'
import { shellWord } from '../../shell-word.ts'
import { interruption } from '../terminal/interruption.ts'
import { loadProject } from '../terminal/options.ts'
import { printLine } from '../terminal/output.ts'
import { styleText } from '../terminal/style-text.ts'

interface DevOptions {
  readonly port: number
  readonly check?: boolean
  readonly queue?: boolean
  readonly verbose?: boolean
}

/** `dagma dev` */
export function devCommand(): Command {
  return new Command('dev')
    .description('Open the project in the real Dagster UI. Installs Dagster on first use.')
    .option('-p, --port <port>', 'port on 127.0.0.1', port, 3000)
    .option('--check', 'set up and validate only, and print the shell exports for the dagster CLI')
    .option('--queue', 'start runs through the Dagster run queue: its limits apply, and runs start seconds later')
    .option('--verbose', "print everything that Dagster's services print, not only warnings and errors")
    .action(async ({ port, check = false, queue = false, verbose = false }: DevOptions) => {
      const found = findProject(process.cwd())
      const listModules = (): void => void (found.modulePatterns.length > 0 && writeModuleList(found))
      listModules()
      const { project } = await loadProject({})
      // Other commands do not need to load this.
      const { checkPortFree, runDagsterDev, validateInDagster } = await import('../../dagster/dev/dev-server.ts')
      const { tellsOfFailures } = await import('../../dagster/dev/service-lines.ts')
      const { dagsterVariables, ensurePythonEnvironment } = await import('../../dagster/dev/python-environment.ts')
      const tell = (line: string): void => void process.stderr.write(`${line}\n`)
      if (!check) await checkPortFree(port)
      const environment = await ensurePythonEnvironment(project.folder, tell, check && !queue ? undefined : queue)
      if (check) {
        await validateInDagster(environment, project.folder)
        tell('Dagster loads this project. To use the dagster CLI, run these lines in a shell:')
        const { DAGSTER_HOME } = dagsterVariables(environment)
        printLine(`export DAGSTER_HOME=${shellWord(DAGSTER_HOME)}`)
        printLine(`export PATH=${shellWord(environment.bin)}:${shellWord(dirname(process.execPath))}:"$PATH"`)
        return
      }
      tell(queue ? 'Starting Dagster … (runs go through the run queue)' : 'Starting Dagster …')
      const isShown = verbose ? () => true : tellsOfFailures()
      await runDagsterDev({
        environment,
        projectFolder: project.folder,
        port,
        signal: interruption('Dagster'),
        onChange: () => {
          try {
            listModules()
          } catch (error) {
            tell(reasonOf(error))
          }
        },
        onLine: (line) => isShown(line) && tell(styleText('dim', line)),
        tell,
        onReady: (address) => printLine(`Dagster UI: ${address}`),
      })
    })
}

function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 65535) throw new InvalidArgumentError('Pass a port from 1 to 65535.')
  return value
}
