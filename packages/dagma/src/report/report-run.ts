import { pythonReporter } from '../dagster/report/python-reporter.ts'
import type { Reporter, ReportRequest } from '../dagster/report/reporter.ts'
import { restReporter } from '../dagster/report/rest-reporter.ts'
import type { EventLog } from '../engine/event-log.ts'
import type { Run } from '../engine/events.ts'
import { DagmaError, dagmaError } from '../errors.ts'
import type { Project } from '../runtime/project/project.ts'
import { reportedEvents } from './reported-events.ts'

/** The way to Dagster that `to` names, the address of a web server, or else the environment. @throws DAGMA_REPORT_NO_PYTHON, DAGMA_OPTION_INVALID */
export function chooseReporter(project: Project, { to }: { readonly to?: string }): Reporter {
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
  /** The data that this reporter cannot transfer. */
  readonly limits: string | null
}

/** Reports runs that have ended, all together. @throws DAGMA_RUN_NOT_REPORTABLE, DAGMA_REPORT_FAILED, DAGMA_REPORT_NO_PYTHON */
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
