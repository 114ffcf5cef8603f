import type { Definitions } from '../definitions/model.ts'
import { expectOptions, type OptionTable } from '../definitions/options/expect-options.ts'
import type { MaterializeOptions, MaterializeRun, RunOptions } from './run-options.ts'

const runOptions: OptionTable<keyof RunOptions> = {
  projectFolder: 'text',
  concurrency: 'any',
  durability: 'any',
  signal: 'any',
  onEvent: 'function',
}

const materializeOptions: OptionTable<keyof MaterializeOptions> = {
  ...runOptions,
  selection: 'selection',
  job: 'text',
  kind: 'text',
  partitionKey: 'text',
  partitionKeyRange: 'keyRange',
  config: 'object',
  tags: 'object',
}

/**
 * Runs assets in this process, by the embedded engine, and records the run in the project's event log. Dagster's `materialize`.
 * A failed run is a result, not an exception.
 * @throws DAGMA_SELECTION_UNKNOWN, DAGMA_SELECTION_EMPTY, DAGMA_JOB_UNKNOWN, DAGMA_CONFIG_INVALID, DAGMA_PARTITION_UNKNOWN and others of kind
 * `definition`: before anything ran
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', run: () => [20, 35] })
 * const run = await materialize(definitions({ assets: [orders] }), { selection: 'orders' })
 * console.log(run.status)
 * ```
 */
export function materialize(definitions: Definitions, options: MaterializeOptions = {}): Promise<MaterializeRun> {
  expectOptions('materialize()', options, materializeOptions)
  return engine().then(({ materializeWith }) => materializeWith(definitions, options, {}))
}

/**
 * Runs again what a failed or canceled run did not finish, with its config, tags and partition; what finished is not run again.
 * @throws DAGMA_RUN_UNKNOWN, DAGMA_RUN_NOT_RETRYABLE, and what {@link materialize} throws
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', run: () => [20, 35] })
 * const project = definitions({ assets: [orders] })
 * const run = await materialize(project)
 * if (run.status === 'FAILURE') await retryRun(project, run.runId)
 * ```
 */
export async function retryRun(definitions: Definitions, runId: string, options: RunOptions = {}): Promise<MaterializeRun> {
  expectOptions('retryRun()', options, runOptions)
  const { retryRunWith } = await engine()
  return await retryRunWith(definitions, runId, options)
}

/** Loaded by the first run: a process that only reads definitions has no use for it. */
const engine = (): Promise<typeof import('./materialize-with.ts')> => import('./materialize-with.ts')
