import { dirname } from 'node:path'
import { styleText } from 'node:util'
import { Command, InvalidArgumentError } from 'commander'
import { shellWord } from '../../shell-word.ts'
import { interruption } from '../terminal/interruption.ts'
import { loadProject } from '../terminal/options.ts'
import { printLine } from '../terminal/output.ts'

/** `dagma dev` */
export function devCommand(): Command {
  return new Command('dev')
    .description('Open the project in the real Dagster UI. Sets Dagster up by itself.')
    .option('-p, --port <port>', 'port on 127.0.0.1', port, 3000)
    .option('--check', 'set up and validate, start nothing, and print the lines for a shell')
    .option('--queue', "start runs through Dagster's queue: its limits hold, and a run starts seconds later")
    .action(async ({ port, check = false, queue = false }: { port: number; check?: boolean; queue?: boolean }) => {
      const { project } = await loadProject({})
      // What other commands need not load.
      const { checkPortFree, runDagsterDev, validateInDagster } = await import('../../dagster/dev/dev-server.ts')
      const { dagsterVariables, ensurePythonEnvironment } = await import('../../dagster/dev/python-environment.ts')
      const tell = (line: string): void => void process.stderr.write(`${line}\n`)
      if (!check) await checkPortFree(port)
      const environment = await ensurePythonEnvironment(project.folder, tell, check && !queue ? undefined : queue)
      if (check) {
        await validateInDagster(environment, project.folder)
        tell('Dagster loads this project. For the dagster command line, put these lines into a shell:')
        const { DAGSTER_HOME } = dagsterVariables(environment)
        printLine(`export DAGSTER_HOME=${shellWord(DAGSTER_HOME)}`)
        printLine(`export PATH=${shellWord(environment.bin)}:${shellWord(dirname(process.execPath))}:"$PATH"`)
        return
      }
      const how = queue ? 'runs wait in its queue' : 'runs start at once, without a queue: limits on how many runs go at a time do not hold'
      tell(`Starting Dagster … (${how})`)
      await runDagsterDev({
        environment,
        projectFolder: project.folder,
        port,
        signal: interruption('Dagster'),
        onLine: (line) => process.stderr.write(`${styleText('dim', line)}\n`),
        onReady: (address) => printLine(`Dagster UI: ${address}`),
      })
    })
}

function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 65535) throw new InvalidArgumentError('Give a port from 1 to 65535.')
  return value
}
