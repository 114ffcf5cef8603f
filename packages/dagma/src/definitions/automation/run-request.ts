import { expectOptions, type OptionTable } from '../options/expect-options.ts'
import type { RunConfig, RunTags } from './job.ts'

/** A run that a schedule or a sensor asks for. Dagster's `RunRequest`. Made by {@link runRequest}. */
export interface RunRequest {
  readonly type: 'run_request'
  /** A sensor starts at most one run for each key. */
  readonly runKey: string | undefined
  /** Default: the job of the schedule or sensor. */
  readonly jobName: string | undefined
  readonly config: RunConfig
  readonly tags: RunTags
  readonly partitionKey: string | undefined
}

const runRequestOptions: OptionTable<Exclude<keyof RunRequest, 'type'>> = {
  runKey: 'text',
  jobName: 'text',
  config: 'record',
  tags: 'tags',
  partitionKey: 'text',
}

/**
 * Asks for a run.
 * @example
 * ```ts
 * const request = runRequest({ runKey: 'orders-2026-01-01.csv', tags: { source: 'inbox' } })
 * ```
 */
export function runRequest(
  options: {
    /** A sensor starts at most one run for each key; default: every request starts one. */
    runKey?: string
    /** For a sensor of several jobs. */
    jobName?: string
    /** Config of the run, by step. */
    config?: RunConfig
    tags?: RunTags
    /** For a partitioned job. */
    partitionKey?: string
  } = {},
): RunRequest {
  expectOptions('runRequest()', options, runRequestOptions)
  const { runKey, jobName, config = {}, tags = {}, partitionKey } = options
  return { type: 'run_request', runKey, jobName, config, tags, partitionKey }
}

/** Why a tick asks for no run. Dagster's `SkipReason`. Made by {@link skipReason}. */
export interface SkipReason {
  readonly type: 'skip_reason'
  readonly message: string
}

/**
 * Says why a tick asks for no run; Dagster's UI shows it.
 * @example
 * ```ts
 * const idle = sensor({ name: 'idle', job: job({ name: 'nightly', selection: '*' }), run: () => skipReason('No new files.') })
 * ```
 */
export function skipReason(message: string): SkipReason {
  return { type: 'skip_reason', message }
}

/** The result of a tick: run requests, or the reason to skip; undefined requests no run. */
export type TickResult = RunRequest | SkipReason | readonly RunRequest[] | undefined
