import { join } from 'node:path'
import { repository } from './repository.ts'
import type { TestProject } from './test-project.ts'

/** A metadata value in the form in which it is stored and sent. */
export interface WireValue {
  readonly type: string
  readonly raw_value: unknown
}

/** An error in Dagster's event log. */
export interface DagsterError {
  readonly name: string | null
  readonly message: string
  readonly cause: DagsterError | null
}

/** An event of a run in Dagster's instance, in the words of the embedded engine where both have it. */
export type DagsterEvent =
  | { readonly type: 'STEP_START' | 'STEP_SUCCESS' | 'STEP_SKIPPED' | 'STEP_UP_FOR_RETRY' | 'STEP_RESTARTED'; readonly step: string }
  | {
      readonly type: 'ASSET_OBSERVATION' | 'ASSET_CHECK_EVALUATION'
      readonly step: string
      readonly asset: string
      readonly metadata: Readonly<Record<string, WireValue>>
    }
  | {
      readonly type: 'ASSET_MATERIALIZATION'
      readonly step: string
      readonly asset: string
      readonly metadata: Readonly<Record<string, WireValue>>
    }
  | { readonly type: 'STEP_FAILURE'; readonly step: string; readonly error: DagsterError }
  /** `level` is Python's number. */
  | { readonly type: 'LOG'; readonly step: string | null; readonly level: number; readonly message: string }

/** A run in Dagster's instance. */
export interface DagsterRun {
  readonly run_id: string
  readonly job_name: string
  readonly status: string
  readonly tags: Readonly<Record<string, string>>
  readonly events: readonly DagsterEvent[]
}

/** All runs in the project's Dagster instance, oldest first. No server need run. */
export async function dagsterRuns(project: TestProject): Promise<DagsterRun[]> {
  const read = await project.python('python', [join(repository, 'tests', 'support', 'read_instance.py')])
  if (read.code !== 0) throw new Error(`The instance cannot be read.\n${read.stderr}`)
  return JSON.parse(read.stdout)
}
