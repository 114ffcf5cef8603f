import { type Command, Option } from 'commander'
import type { RunReport } from '../../report/report-run.ts'
import { printLine } from './output.ts'
import { styleText } from './style-text.ts'

/** `--to`: a web server to report to, in place of the project's Python environment. */
export interface ToOption {
  to?: string
}

/** `--report`: report the run to Dagster when it has ended. */
export interface ReportOptions extends ToOption {
  report?: boolean
}

export const toOption = (): Option =>
  new Option('--to <url>', 'report to this Dagster web server over REST (default: DAGSTER_URL; if unset, DAGSTER_HOME through Python)')

/** Gives `command` the options that report its runs. */
export function withReportOptions(command: Command): Command {
  return command
    .option('--report', 'report the run to Dagster when it has ended; if that fails, the exit code is 1')
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
  const there = alreadyThere === 0 ? '' : `; ${counted(alreadyThere, 'event')} already in Dagster`
  return `Run ${runId}: ${now === '' ? `nothing to report to ${to}` : `reported to ${to}: ${now}`}${there}.`
}

function counted(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`
}
