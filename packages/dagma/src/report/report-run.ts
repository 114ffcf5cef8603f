import { styleText } from 'node:util'
import { type Command, Option } from 'commander'
import { printLine } from '../cli/terminal/output.ts'
import { pythonReporter } from '../dagster/report/python-reporter.ts'
import type { Reporter, ReportRequest } from '../dagster/report/reporter.ts'
import { restReporter } from '../dagster/report/rest-reporter.ts'
import type { EventLog } from '../engine/event-log.ts'
import type { Run } from '../engine/events.ts'
import { DagmaError, dagmaError } from '../errors.ts'
import type { Project } from '../runtime/project/project.ts'
import { reportedEvents } from './reported-events.ts'

/** `--to`: a web server to report to, in place of the project's Python environment. */
export interface ToOption {
  to?: string
}

/** `--report`: report the run to Dagster when it has ended. */
export interface ReportOptions extends ToOption {
  report?: boolean
}

export const toOption = (): Option =>
  new Option('--to <url>', 'report over REST to this Dagster web server (default: DAGSTER_URL, otherwise by Python to DAGSTER_HOME)')

/** Gives `command` the options that report its runs. */
export function withReportOptions(command: Command): Command {
  return command
    .option('--report', 'report the run to Dagster when it has ended; exits with 1 when that fails, also after a good run')
    .addOption(toOption().implies({ report: true }))
}

/** The way to Dagster that options and environment name. @throws DAGMA_REPORT_NO_PYTHON, DAGMA_OPTION_INVALID */
export function chooseReporter(project: Project, { to }: ToOption): Reporter {
  if (to !== undefined) return restReporter(to, '--to')
  const address = process.env.DAGSTER_URL
  return address ? restReporter(address, 'DAGSTER_URL') : pythonReporter(project.folder)
}

/** How the report of a run went. */
export interface RunReport {
  readonly runId: string
  readonly to: string
  /** How many events were reported now. */
  readonly materializations: number
  readonly observations: number
  readonly checks: number
  /** How many events were in Dagster before. */
  readonly alreadyThere: number
  /** What is lost on this way. */
  readonly limits: string | null
}

/** Reports runs that have ended, all in one go. @throws DAGMA_RUN_NOT_REPORTABLE, DAGMA_REPORT_FAILED, DAGMA_REPORT_NO_PYTHON */
export async function reportRuns(reporter: Reporter, log: EventLog, runs: readonly Run[]): Promise<RunReport[]> {
  const unended = runs.find(({ status }) => status === 'STARTED')
  if (unended !== undefined) throw dagmaError('DAGMA_RUN_NOT_REPORTABLE', { run: unended.runId })
  const byRun = runs.map((run) => ({ run, events: reportedEvents(log.events(run.runId)) }))
  const events = byRun.flatMap((one) => one.events)
  const reported = new Set(events.length === 0 ? [] : await send(reporter, { events }, runs))
  return byRun.map(({ run, events: all }) => {
    const now = all.filter(({ id }) => reported.has(id))
    const count = (type: (typeof now)[number]['type']): number => now.filter((event) => event.type === type).length
    return {
      runId: run.runId,
      to: reporter.to,
      materializations: count('materialization'),
      observations: count('observation'),
      checks: count('check'),
      alreadyThere: all.length - now.length,
      limits: reporter.limits ?? null,
    }
  })
}

async function send(reporter: Reporter, request: ReportRequest, runs: readonly Run[]): Promise<readonly string[]> {
  try {
    return await reporter.report(request)
  } catch (error) {
    if (error instanceof DagmaError) throw error
    throw dagmaError('DAGMA_REPORT_FAILED', { runs: runs.map(({ runId }) => runId), to: reporter.to }, error)
  }
}

/** Prints how reports went, a line each, and below them what is lost on the way. */
export function printReports(reports: readonly RunReport[]): void {
  for (const report of reports) printLine(reportLine(report))
  const limits = reports.find((report) => report.materializations + report.observations + report.checks > 0)?.limits
  if (limits) printLine(styleText('dim', limits))
}

function reportLine({ runId, to, materializations, observations, checks, alreadyThere }: RunReport): string {
  const counts = [counted(materializations, 'materialization'), counted(checks, 'check'), counted(observations, 'observation')]
  const now = counts.filter((count) => count !== '').join(', ')
  const there = alreadyThere === 0 ? '' : `; ${counted(alreadyThere, 'event')} ${alreadyThere === 1 ? 'was' : 'were'} there before`
  return `Run ${runId}: ${now === '' ? `nothing to report to ${to}` : `reported to ${to}: ${now}`}${there}.`
}

function counted(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`
}
