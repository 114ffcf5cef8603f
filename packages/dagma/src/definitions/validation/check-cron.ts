import { Cron } from 'croner'
import { type DagmaError, dagmaError } from '../../errors.ts'
import { withEnds } from '../time/cron-fields.ts'
import { isTimezone } from '../time/zone-names.ts'

/** Checks that Dagster takes a cron expression and a time zone of `what`; what is wrong goes into `errors`. */
export function checkCron(what: string, cron: string, timezone: string, errors: DagmaError[]): void {
  const reason = cronProblem(cron)
  if (reason !== undefined) errors.push(dagmaError('DAGMA_CRON_INVALID', { what, cron, reason }))
  if (!isTimezone(timezone)) errors.push(dagmaError('DAGMA_TIMEZONE_UNKNOWN', { what, timezone }))
}

/** Why Dagster would not take a cron expression; undefined when it would. Croner alone knows more than Dagster: dates, and "W", "+" and "5L" in fields. */
export function cronProblem(cron: string): string | undefined {
  if (!/^\s*(?:@[a-z]+|\S+(?:\s+\S+){4})\s*$/.test(cron)) return 'it does not have five fields'
  const foreign = /\d+[LW]|LW|\+/i.exec(cron)
  if (foreign !== null) return `Dagster does not support "${foreign[0]}"`
  const single = /(?<!\d)(\d+)-\1(?!\d)/.exec(withEnds(cron))
  if (single !== null) return `Dagster reads "${single[0]}" as every value; write "${single[1]}"`
  try {
    return new Cron(withEnds(cron), { mode: '5-part', paused: true }).nextRun() === null ? 'it never fires' : undefined
  } catch (error) {
    return String((error as Error).message).replace(/^CronPattern: |\.$/g, '')
  }
}
