import { styleText } from 'node:util'
import { Command } from 'commander'
import type { EventLog } from '../../engine/event-log.ts'
import type { Run, RunEvent } from '../../engine/events.ts'
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
      readLog(findProject(process.cwd(), module).folder, (log) => {
        const run = log.run(id)
        if (step !== undefined && !run.steps.includes(step)) expectLoggedAs(step, log, run)
        const lines = logLines(log, run, step)
        if (json) printJson(lines)
        else
          for (const line of lines)
            printLine(`${styleText('dim', `${new Date(line.time).toISOString()} ${line.step} ${line.level}`)} ${line.message}`)
      })
    })
}

type LogLine = Extract<RunEvent, { type: 'LOG' }>

function* logLines(log: EventLog, { runId }: Run, step?: string): Generator<LogLine> {
  for (const event of log.eachEvent(runId, 'LOG')) if (event.type === 'LOG' && (step === undefined || event.step === step)) yield event
}

/** Resources and others log under names of their own. @throws DAGMA_OPTION_INVALID */
function expectLoggedAs(step: string, log: EventLog, run: Run): void {
  const names = new Set(run.steps)
  for (const line of logLines(log, run)) names.add(line.step)
  if (!names.has(step))
    throw dagmaError('DAGMA_OPTION_INVALID', { option: 'step', reason: `names none of the run’s steps: ${[...names].join(', ')}` })
}
