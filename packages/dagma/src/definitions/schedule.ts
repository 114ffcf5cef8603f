import { checkedName } from './asset-key.ts'
import type { Job } from './job.ts'

/** A schedule: when a job runs. Dagster's daemon executes it. Made by {@link schedule}. */
export interface Schedule {
  readonly name: string
  readonly job: string
  readonly cronSchedule: string
  readonly executionTimezone: string
  readonly defaultStatus: 'RUNNING' | 'STOPPED'
  readonly description: string | undefined
}

/**
 * Declares a schedule of a job. The cron line and the time zone are checked by `definitions()`.
 * @throws DAGMA_KEY_INVALID when the name has other characters than letters, digits and "_".
 */
export function schedule(options: {
  name: string
  job: Job | string
  /** Five fields, for example `0 2 * * *` for 02:00 every day. */
  cronSchedule: string
  /** IANA name; default `UTC`. */
  executionTimezone?: string
  /** Whether it ticks before anyone turned it on in the UI; default `STOPPED`. */
  defaultStatus?: 'RUNNING' | 'STOPPED'
  description?: string
}): Schedule {
  return {
    name: checkedName('A schedule', options.name),
    job: typeof options.job === 'string' ? options.job : options.job.name,
    cronSchedule: options.cronSchedule,
    executionTimezone: options.executionTimezone ?? 'UTC',
    defaultStatus: options.defaultStatus ?? 'STOPPED',
    description: options.description,
  }
}
