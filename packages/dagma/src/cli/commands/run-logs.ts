import { styleText } from 'node:util'
import { Command } from 'commander'
import { dagmaError } from '../../errors.ts'
import { findProject } from '../../runtime/project/project.ts'
import { type JsonOption, jsonOption, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printLine } from '../terminal/output.ts'
import { readLog } from '../terminal/read-log.ts'

/** `dagma run logs` */
export function runLogsCommand(): Command {
  return new Command('logs')
    .description('Print the log lines of a run’s steps.')
    .argument('<run>', 'id of the run, or its first characters')
    .option('--step <name>', 'only of this step')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action((id: string, { json, module, step }: ModuleOption & JsonOption & { step?: string }) => {
      const { run, events } = readLog(findProject(process.cwd(), module).folder, (log) => {
        const run = log.run(id)
        return { run, events: log.events(run.runId).filter((event) => event.type === 'LOG') }
      })
      const steps = new Set([...run.steps, ...events.map((event) => event.step)])
      if (step !== undefined && !steps.has(step))
        throw dagmaError('DAGMA_OPTION_INVALID', { option: 'step', reason: `names none of the run’s steps: ${[...steps].join(', ')}` })
      const lines = events.filter((event) => step === undefined || event.step === step)
      if (json) printJson(lines)
      else
        for (const line of lines)
          printLine(`${styleText('dim', `${new Date(line.time).toISOString()} ${line.step} ${line.level}`)} ${line.message}`)
    })
}
