import type { Requiring } from '../assets/asset.ts'
import { checkedName } from '../assets/asset-key.ts'
import type { Clients, Requirements } from '../assets/step.ts'
import type { StepLog } from '../assets/step-log.ts'
import { callSite, type SourcePlace } from '../options/call-site.ts'
import { expectOptions, type OptionTable } from '../options/expect-options.ts'
import type { Job } from './job.ts'
import type { RunRequest, TickResult } from './run-request.ts'
import type { DefaultStatus } from './schedule.ts'

/** The context of a sensor's function. */
export interface SensorContext<Req = Requirements> {
  /** The cursor that the previous tick returned; undefined in the first one. */
  readonly cursor: string | undefined
  readonly resources: Clients<Req>
  readonly log: StepLog
  /**
   * The keys of dynamic partitions of an asset, by their name, in the order in which they were added. Dagster's `context.instance.get_dynamic_partitions`.
   * @throws DAGMA_OPTION_INVALID when no asset has partitions of this name
   */
  readonly listDynamicPartitions: (name: string) => Promise<readonly string[]>
}

/** Partitions that a tick adds to or removes from dynamic partitions. */
export interface DynamicPartitionsChange {
  /** Name of the dynamic partitions. */
  readonly partitions: string
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
}

/** The result of a sensor's tick that also sets the cursor or changes dynamic partitions. Dagster's `SensorResult`. */
export interface SensorResult {
  readonly runRequests?: readonly RunRequest[]
  /** Why no run is asked for. */
  readonly skipReason?: string
  /** Given to the next tick; default: the cursor stays. */
  readonly cursor?: string
  readonly dynamicPartitions?: readonly DynamicPartitionsChange[]
}

/** The return value of a sensor's function. */
export type SensorOutput = SensorResult | TickResult

/** A sensor: checks for events and requests runs. Dagster's daemon executes it. Created by {@link sensor}. */
export interface Sensor<Req extends Requirements = Requirements> extends Requiring<Req> {
  readonly name: string
  /** Jobs that it may ask for; the first is the one meant when a request names none. */
  readonly jobs: readonly string[]
  readonly minimumIntervalSeconds: number
  readonly defaultStatus: DefaultStatus
  readonly description: string | undefined
  /** @internal */
  readonly resources: Requirements
  readonly run: (context: SensorContext) => SensorOutput | Promise<SensorOutput>
  /** Where it was declared, if known. @internal */
  readonly source: () => SourcePlace | undefined
}

/** Options of {@link sensor}. */
export interface SensorOptions<Req extends Requirements> {
  readonly name: string
  /** The job, or jobs, that it may ask for. */
  readonly job: Job | string | readonly (Job | string)[]
  /** Seconds between ticks, at least; default 30. */
  readonly minimumIntervalSeconds?: number
  /** Default `STOPPED`. */
  readonly defaultStatus?: DefaultStatus
  readonly description?: string
  /** Kinds of resource that `run` uses. */
  readonly resources?: Req
  /** One tick. */
  readonly run: (context: SensorContext<Req>) => SensorOutput | Promise<SensorOutput>
}

/** Those options, as `expectOptions` reads them. */
export const sensorOptions: OptionTable<keyof SensorOptions<{}>> = {
  name: 'text!',
  job: 'jobs!',
  minimumIntervalSeconds: 'number',
  defaultStatus: 'status',
  description: 'text',
  resources: 'record',
  run: 'function!',
}

/**
 * Declares a sensor. Dagster's `@sensor`. @throws DAGMA_KEY_INVALID
 * @example
 * ```ts
 * const nightly = job({ name: 'nightly', selection: '*' })
 * const files = sensor({ name: 'files', job: nightly, run: () => runRequest({ runKey: 'orders-2026-01-01.csv' }) })
 * ```
 */
export function sensor<Req extends Requirements = {}>(options: SensorOptions<Req>): Sensor<Req> {
  expectOptions('sensor()', options, sensorOptions)
  const jobs = [options.job].flat() as (Job | string)[]
  return {
    name: checkedName('A sensor', options.name),
    jobs: jobs.map((job) => (typeof job === 'string' ? job : job.name)),
    minimumIntervalSeconds: options.minimumIntervalSeconds ?? 30,
    defaultStatus: options.defaultStatus ?? 'STOPPED',
    description: options.description,
    resources: options.resources ?? {},
    run: options.run as Sensor['run'],
    source: callSite(sensor),
  }
}
