import { Command } from 'commander'
import { EventLog } from '../../engine/event-log.ts'
import type { Run } from '../../engine/events.ts'
import { dagmaError } from '../../errors.ts'
import { chooseReporter, reportRuns } from '../../report/report-run.ts'
import { loadDotenv } from '../../runtime/project/dotenv.ts'
import { findProject } from '../../runtime/project/project.ts'
import { type JsonOption, jsonOption, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson } from '../terminal/output.ts'
import { printReports, type ToOption, toOption } from '../terminal/report-options.ts'

/** `dagma report` */
export function reportCommand(): Command {
  return new Command('report')
    .description(
      'Report runs of the embedded engine to Dagster: materializations, checks and observations. Events that Dagster already has are skipped.',
    )
    .argument('[runs...]', 'run ids, or their first characters (default: the latest run)')
    .addOption(toOption())
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (ids: readonly string[], { json, module, ...options }: ModuleOption & JsonOption & ToOption) => {
      const project = findProject(process.cwd(), module)
      loadDotenv(project.folder)
      using log = EventLog.openToRead(project.folder)
      const runs = ids.length === 0 ? [latestRun(log)] : distinct(ids.map((id) => log.run(id)))
      const reports = await reportRuns(chooseReporter(project, options), log, runs)
      if (json) printJson(reports)
      else printReports(reports)
    })
}

function latestRun(log: EventLog): Run {
  const [run] = log.runs(1)
  if (run === undefined) throw dagmaError('DAGMA_RUN_UNKNOWN', { run: undefined })
  return run
}

function distinct(runs: readonly Run[]): Run[] {
  return [...new Map(runs.map((run) => [run.runId, run])).values()]
}
