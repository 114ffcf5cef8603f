import { styleText } from 'node:util'
import { type Command, Option } from 'commander'
import type { RunReport } from '../../report/report-run.ts'
import { printLine } from './output.ts'

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
