import type { Requiring } from '../assets/asset.ts'
import { checkedName } from '../assets/asset-key.ts'
import type { Clients, Requirements } from '../assets/step.ts'
import type { StepLog } from '../assets/step-log.ts'
import { callSite, type SourcePlace } from '../options/call-site.ts'
import { expectOptions, type OptionTable } from '../options/expect-options.ts'
import type { Job, RunTags } from './job.ts'
import type { TickResult } from './run-request.ts'

/** Whether a schedule or sensor ticks before anyone turned it on in the UI. */
export type DefaultStatus = 'RUNNING' | 'STOPPED'

/** The context of a schedule's `evaluate`. */
export interface ScheduleContext<Req = Requirements> {
  /** The moment of the tick. */
  readonly scheduledTime: Date
  readonly resources: Clients<Req>
  readonly log: StepLog
}

/** When a schedule for partitions ticks, and the tags of its runs. */
export interface ScheduledPartitions {
  /** Default: the minute at which the partitions' windows begin. */
  readonly minuteOfHour?: number
  /** Default: the hour at which they begin; not for hourly partitions. */
  readonly hourOfDay?: number
  /** From 0 for Sunday to 6, of weekly partitions; default: the day on which they begin. */
  readonly dayOfWeek?: number
  /** From 1 to 31, of monthly partitions; default: the day on which they begin. */
  readonly dayOfMonth?: number
  /** Tags of the runs. */
  readonly tags?: RunTags
}

/** A schedule: when a job runs. Dagster's daemon executes it. Made by {@link schedule}. */
export interface Schedule<Req extends Requirements = Requirements> extends Requiring<Req> {
  readonly name: string
  readonly job: string
  /** Of a schedule for partitions, `definitions()` fills in this, the time zone and `evaluate`. */
  readonly cronSchedule: string
  readonly executionTimezone: string
  /** @internal */
  readonly forPartitions: ScheduledPartitions | undefined
  readonly defaultStatus: DefaultStatus
  readonly description: string | undefined
  /** @internal */
  readonly resources: Requirements
  readonly evaluate: ((context: ScheduleContext) => TickResult | Promise<TickResult>) | undefined
  /** Where it was declared, if known. @internal */
  readonly source: () => SourcePlace | undefined
}

/** Options of {@link schedule}. */
export interface ScheduleOptions<Req extends Requirements> {
  readonly name: string
  readonly job: Job | string
  /** Five fields, for example `0 2 * * *` for 02:00 every day. Needed unless the schedule is for time partitions. */
  readonly cronSchedule?: string
  /**
   * Runs a partitioned job for its partitions; takes the place of `evaluate`. Of time partitions, a tick runs the last one that exists then: cron
   * and time zone are those of the partitions, and an object moves the tick (`{ hourOfDay: 2 }`). With another dimension, it runs each of its
   * partitions. Of static partitions, each tick of `cronSchedule` runs all. Dagster's `build_schedule_from_partitioned_job`.
   */
  readonly forPartitions?: 'last' | ScheduledPartitions
  /** IANA name; default `UTC`. */
  readonly executionTimezone?: string
  /** Default `STOPPED`. */
  readonly defaultStatus?: DefaultStatus
  readonly description?: string
  /** Kinds of resource that `evaluate` uses. */
  readonly resources?: Req
  /** Returns the run requests of a tick; default: one run of the job. */
  readonly evaluate?: (context: ScheduleContext<Req>) => TickResult | Promise<TickResult>
}

/** Those options, as `expectOptions` reads them. */
export const scheduleOptions: OptionTable<keyof ScheduleOptions<{}>> = {
  name: 'text!',
  job: 'job!',
  cronSchedule: 'text!', // but for partitions
  forPartitions: 'any',
  executionTimezone: 'text',
  defaultStatus: 'status',
  description: 'text',
  resources: 'record',
  evaluate: 'function',
}

/**
 * Declares a schedule of a job. The cron expression and the time zone are checked by `definitions()`. Dagster's `@schedule`. @throws DAGMA_KEY_INVALID
 * @example
 * ```ts
 * const nightly = job({ name: 'nightly', selection: '*' })
 * const atTwo = schedule({ name: 'at_two', job: nightly, cronSchedule: '0 2 * * *', executionTimezone: 'Europe/Berlin' })
 * ```
 */
export function schedule<Req extends Requirements = {}>(options: ScheduleOptions<Req>): Schedule<Req> {
  const isForPartitions = typeof options === 'object' && options?.forPartitions !== undefined
  expectOptions('schedule()', options, isForPartitions ? { ...scheduleOptions, cronSchedule: 'text' } : scheduleOptions)
  return {
    name: checkedName('A schedule', options.name),
    job: typeof options.job === 'string' ? options.job : options.job.name,
    cronSchedule: options.cronSchedule ?? '',
    forPartitions: options.forPartitions === 'last' ? {} : options.forPartitions,
    executionTimezone:
      options.executionTimezone ?? (options.forPartitions === undefined || options.cronSchedule !== undefined ? 'UTC' : ''),
    defaultStatus: options.defaultStatus ?? 'STOPPED',
    description: options.description,
    resources: options.resources ?? {},
    evaluate: options.evaluate as Schedule['evaluate'],
    source: callSite(schedule),
  }
}
