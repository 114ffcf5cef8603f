import { Command, Option } from 'commander'
import type { RunConfig } from '../../definitions/automation/job.ts'
import { materialize } from '../../engine/materialize.ts'
import { dagmaError } from '../../errors.ts'
import { failureOf, PipesReport } from '../../report/pipes-report.ts'
import { interruption } from '../terminal/interruption.ts'
import { loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { configOption } from '../terminal/run-in-terminal.ts'

/** `dagma pipes` */
export function pipesCommand(): Command {
  return new Command('pipes')
    .description('Materialize assets for a Dagster Pipes client.')
    .option('-s, --select <selection>', 'assets to materialize (default: those of the Dagster step)')
    .addOption(configOption())
    .addOption(moduleOption())
    .addOption(new Option('--dagster-pipes-context <param>').hideHelp())
    .addOption(new Option('--dagster-pipes-messages <param>').hideHelp())
    .action(async (options: ModuleOption & { select?: string; config?: RunConfig }) => {
      const { project, definitions } = await loadProject({ ...options, json: true })
      const { runPipes } = await import('../../dagster/pipes/open.ts') // what other commands need not load
      await runPipes(async (session) => {
        if (!session.isActive) throw dagmaError('DAGMA_PIPES_NOT_STARTED', {})
        const { context } = session
        const { select = context.assetKeys.map((key) => `key:"${key}"`).join(' or '), config } = options
        const report = new PipesReport(session)
        const run = await materialize(definitions, {
          selection: select,
          kind: 'materialize',
          projectFolder: project.folder,
          signal: interruption('the run'),
          tags: { 'dagster/run_id': context.runId },
          ...(config && { config }),
          ...(context.isPartitionStep && { partitionKey: context.partitionKey }),
          onEvent: (event) => report.onEvent(event),
        })
        report.end()
        if (run.status !== 'SUCCESS') throw failureOf(run)
      })
    })
}
