import type { StepLog } from '../../definitions/assets/step-log.ts'
import { deepLink, isHttpUrl } from '../../metadata/links.ts'

/** Names the address at which people open Dagster's UI. */
export const uiVariable = 'DAGMA_DAGSTER_URL'

/** Page of a run in Dagster's UI; undefined when nobody says where that is. A wrong address is warned of, and not repeated. */
export function runPage(runId: string, log: Pick<StepLog, 'warning'>): string | undefined {
  const base = process.env[uiVariable]
  if (!base) return undefined
  if (isHttpUrl(base)) return deepLink(base, `runs/${encodeURIComponent(runId)}`)
  log.warning(`${uiVariable} is not an http or https URL without user name and password, so there is no link to the page of the run.`)
  return undefined
}
