import { Command } from 'commander'
import type { EventLog } from '../../engine/event-log.ts'
import type { Run, RunEvent } from '../../engine/events.ts'
import { dagmaError } from '../../errors.ts'
import { findProject } from '../../runtime/project/project.ts'
import { type JsonOption, jsonOption, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printLine } from '../terminal/output.ts'
import { readLog } from '../terminal/read-log.ts'
import { recordedSteps, type StepTexts } from '../terminal/step-texts.ts'
import { styleText } from '../terminal/style-text.ts'

/** `dagma run logs` */
export function runLogsCommand(): Command {
  return new Command('logs')
    .description('Print the log lines of a run’s steps.')
    .argument('<run>', 'run id, or its first characters')
    .option('--step <name>', 'only the lines of this asset, check or step')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action((id: string, { json, module, step: asked }: ModuleOption & JsonOption & { step?: string }) => {
      readLog(findProject(process.cwd(), module).folder, (log) => {
        const run = log.run(id)
        const steps = recordedSteps(run)
        const step = asked === undefined ? undefined : (run.steps.find((name) => steps.label(name) === asked) ?? asked)
        if (step !== undefined && !run.steps.includes(step)) expectLoggedAs(step, { log, run, steps })
        const lines = logLines(log, run, step)
        if (json) printJson(lines)
        else
          for (const line of lines)
            printLine(`${styleText('dim', `${new Date(line.time).toISOString()} ${steps.label(line.step)} ${line.level}`)} ${line.message}`)
      })
    })
}

type LogLine = Extract<RunEvent, { type: 'LOG' }>

function* logLines(log: EventLog, { runId }: Run, step?: string): Generator<LogLine> {
  for (const event of log.eachEvent(runId, ['LOG'])) if (event.type === 'LOG' && (step === undefined || event.step === step)) yield event
}

/** Resources and others log under their own names. @throws DAGMA_OPTION_INVALID */
function expectLoggedAs(step: string, { log, run, steps }: { log: EventLog; run: Run; steps: StepTexts }): void {
  const names = new Set(run.steps)
  for (const line of logLines(log, run)) names.add(line.step)
  if (!names.has(step))
    throw dagmaError('DAGMA_OPTION_INVALID', {
      option: '--step',
      reason: `is not a step of the run. Its steps are ${[...names].map(steps.label).join(', ')}`,
    })
}
