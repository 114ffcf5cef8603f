import type { StepLog } from '../../definitions/assets/step-log.ts'
import { deepLink, isHttpUrl } from '../../metadata/links.ts'

/** Names the address at which people open Dagster's UI. */
export const uiVariable = 'DAGMA_DAGSTER_URL'

/** Page of a run in Dagster's UI. */
export function runPage(dagsterUrl: string, runId: string): string {
  return deepLink(dagsterUrl, `runs/${encodeURIComponent(runId)}`)
}

/** Where Dagster's UI is; undefined when nobody says it. A wrong address is warned of, and not repeated. */
export function dagsterUi(log: Pick<StepLog, 'warning'>): string | undefined {
  const base = process.env[uiVariable]
  if (!base) return undefined
  if (isHttpUrl(base)) return base
  log.warning(`${uiVariable} is not an http or https URL without user name and password, so there is no link to the page of the run.`)
  return undefined
}
