import type { Asset } from '../definitions/asset.ts'
import type { Definitions } from '../definitions/definitions.ts'
import { selectAssets } from '../definitions/selection.ts'
import { dagmaError } from '../errors.ts'
import { projectIOManager } from '../runtime/json-files.ts'
import { findProject } from '../runtime/project.ts'
import { EventLog, type Materialization } from './event-log.ts'
import type { RunEvent } from './events.ts'
import { executeRun, type RunResult } from './execute-run.ts'
import { planRun, type RunConfig } from './plan.ts'

/** What {@link materialize} takes beside the definitions. */
export interface MaterializeOptions {
  /** Assets to make, in Dagster's selection syntax; default: all. */
  readonly selection?: string
  /** Name of the job to run; takes the place of `selection`. */
  readonly job?: string
  /** Config of assets that declare it, by key text. */
  readonly config?: RunConfig
  /** Folder whose `.dagma/` keeps the event log and values; default: the project that the working directory is in. */
  readonly projectFolder?: string
  /** Steps that run at once; default 10. */
  readonly concurrency?: number
  /** Cancels the run when aborted. */
  readonly signal?: AbortSignal
  /** Called with each event after it was recorded. */
  readonly onEvent?: (event: RunEvent) => void
}

/** How a run of {@link materialize} ended. */
export interface MaterializeRun extends RunResult {
  /** The materializations of this run, by key text. */
  readonly materializations: ReadonlyMap<string, Materialization>
  /** The stored value of an asset, as a consumer would get it. @throws DAGMA_INPUT_MISSING when it was never materialized */
  readonly load: <Value>(asset: Asset<Value>) => Promise<Value>
}

/**
 * Runs assets in this process, by the embedded engine, and records the run in the project's event log. Dagster's `materialize`.
 * A failed run is a result, not an exception.
 * @throws DAGMA_SELECTION_UNKNOWN, DAGMA_SELECTION_EMPTY, DAGMA_JOB_UNKNOWN, DAGMA_CONFIG_INVALID: before anything ran
 */
export async function materialize(definitions: Definitions, options: MaterializeOptions = {}): Promise<MaterializeRun> {
  const steps = await planRun(definitions, selectedKeys(definitions, options), options.config)
  const projectFolder = options.projectFolder ?? findProject(process.cwd()).folder
  const ioManager = projectIOManager(definitions, projectFolder)
  using eventLog = new EventLog(projectFolder)
  const result = await executeRun({
    definitions,
    steps,
    eventLog,
    projectFolder,
    ioManager,
    jobName: options.job,
    concurrency: options.concurrency,
    signal: options.signal,
    onEvent: options.onEvent,
  })
  const made = eventLog.events(result.runId).filter((event): event is Materialization => event.type === 'ASSET_MATERIALIZATION')
  return {
    ...result,
    materializations: new Map(made.map((event) => [event.asset, event])),
    load: async ({ key }) => (await ioManager.loadInput({ assetKey: key, downstream: key, runId: result.runId })) as never,
  }
}

function selectedKeys(definitions: Definitions, options: MaterializeOptions): readonly string[] {
  if (options.job !== undefined) {
    const job = definitions.jobs.get(options.job)
    if (job === undefined)
      throw dagmaError('DAGMA_JOB_UNKNOWN', { job: options.job, known: [...definitions.jobs.keys()], wantedBy: undefined })
    return job.assetKeys
  }
  if (options.selection === undefined) return [...definitions.assets.keys()]
  const keys = selectAssets(options.selection, definitions.assets)
  if (keys.length === 0) throw dagmaError('DAGMA_SELECTION_EMPTY', { what: 'This run', selection: options.selection })
  return keys
}
