import { randomUUID } from 'node:crypto'
import { keyText } from '../definitions/assets/asset-key.ts'
import type { AssetRef } from '../definitions/assets/asset-spec.ts'
import type { IOManager } from '../definitions/assets/io-manager.ts'
import type { StepKind } from '../definitions/assets/step.ts'
import { stepLabel } from '../definitions/assets/step-label.ts'
import type { RunConfig, RunTags } from '../definitions/automation/job.ts'
import { partitionOf } from '../definitions/definitions.ts'
import type { Definitions, ResolvedJob } from '../definitions/model.ts'
import type { PartitionKeyRange } from '../definitions/partitions/partition-context.ts'
import type { PartitionsAt } from '../definitions/partitions/partitions.ts'
import { selectAssets } from '../definitions/selection/select-assets.ts'
import { selectionText } from '../definitions/selection/selection-text.ts'
import { expectOptions, type OptionTable } from '../definitions/validation/expect-options.ts'
import { dagmaError } from '../errors.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { expectNoSecretIn, learnSecrets } from '../runtime/gate/known-secrets.ts'
import { holdGate } from '../runtime/gate/stdio-gate.ts'
import { findProject } from '../runtime/project/project.ts'
import { KeptItems } from '../runtime/values/kept-items.ts'
import type { FindMaterializations } from '../runtime/values/materialized-values.ts'
import { projectValues, Values } from '../runtime/values/values.ts'
import { type Durability, EventLog } from './event-log.ts'
import type { Materialization, Run, RunEvent, RunStart } from './events.ts'
import { executeRun, type RunResult } from './execute-run.ts'
import { holdValues } from './held-values.ts'
import { type MadePartitions, madePartitions } from './made-partitions.ts'
import { type PlannedStep, planRun } from './plan.ts'
import { keysOfRange, planRange } from './plan-range.ts'
import { retriedRuns } from './retried-runs.ts'
import { unfinishedSteps } from './retry-run.ts'
import type { ExecuteOptions } from './run-scope.ts'

/** How any run is executed. */
export interface RunOptions {
  /** Folder whose `.dagma/` keeps the event log and values; default: the project that the working directory is in. */
  readonly projectFolder?: string
  /** Maximum number of concurrent steps; default 16. */
  readonly concurrency?: number
  /** How durable a recorded event is: it survives a crash of the process (`process`, the default), or also a power failure (`power`). */
  readonly durability?: Durability
  /** Cancels the run when aborted. */
  readonly signal?: AbortSignal
  /**
   * Called with each event after it was recorded. What it throws, or rejects with while the run is going on, does not touch the run and is thrown
   * when the run is over; a promise that it returns is not waited for.
   */
  readonly onEvent?: (event: RunEvent) => void
}

/** Options of {@link materialize}, besides the definitions. */
export interface MaterializeOptions extends RunOptions {
  /** The assets, or text in Dagster's selection syntax; default: all. */
  readonly selection?: string | readonly AssetRef[]
  /** Name of the job to run; takes the place of `selection`. */
  readonly job?: string
  /** `check` only evaluates checks, `observe` only observes; default `materialize`, which makes assets and evaluates their checks. */
  readonly kind?: StepKind
  /** Partition to make. */
  readonly partitionKey?: string
  /**
   * Partitions to make in one run, from the first to the last; instead of `partitionKey`. Each asset with partitions must allow so many in a run, by its
   * `backfillPolicy`.
   */
  readonly partitionKeyRange?: PartitionKeyRange
  /** Config of steps that declare it, by step name or asset key text. */
  readonly config?: RunConfig
  /** Tags of the run, over those of the job. */
  readonly tags?: RunTags
}

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

/** How a run of {@link materialize} ended. */
export interface MaterializeRun extends RunResult {
  /** The run's events, in order; read from the event log when they are first asked for, since a run may have logged more than there is memory for. */
  readonly events: readonly RunEvent[]
  /** The materializations of this run, by key text; of an asset of which it made several partitions, the last. */
  readonly materializations: ReadonlyMap<string, Materialization>
  /**
   * The stored value of an asset, as a consumer in this run would get it; after a run of several partitions, that of `partitionKey`.
   * @throws DAGMA_INPUT_MISSING when it was never materialized, DAGMA_PARTITION_NEEDED when a run of several has no such `partitionKey`
   */
  readonly load: <Value>(asset: AssetRef<Value>, partitionKey?: string) => Promise<Value>
}

/** Where a run keeps what it makes, and how it tells the time; tests put others in their place. */
export interface EngineParts {
  readonly eventLog?: EventLog
  readonly ioManager?: IOManager
  readonly clock?: Clock
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
  return materializeWith(definitions, options, {})
}

/** As {@link materialize}, with other parts. */
export async function materializeWith(definitions: Definitions, options: MaterializeOptions, parts: EngineParts): Promise<MaterializeRun> {
  learnSecrets(definitions)
  const { kind = 'materialize' } = options
  const job = options.job === undefined ? undefined : expectJob(definitions, options.job)
  const assetKeys = job?.assetKeys ?? selectedKeys(definitions, options.selection)
  const config = { ...job?.config, ...options.config }
  const projectFolder = options.projectFolder ?? findProject(process.cwd()).folder
  const at = partitionsAt(projectFolder, parts)
  const keys = partitionsOfRun(definitions, assetKeys, options, at)
  const partitionKey = keys.length === 1 ? keys[0] : undefined
  const partitionKeys = keys.length > 1 ? keys : undefined
  const steps = await planRun(definitions, { assetKeys, kind, partitionKey, partitionKeys, config }, at)
  const start: RunStart = {
    ...newRun(steps),
    jobName: job?.name ?? null,
    partitionKey: partitionKey ?? null,
    partitionKeyRange: partitionKeys === undefined ? null : { start: keys[0] ?? '', end: keys.at(-1) ?? '' },
    tags: { ...job?.tags, ...options.tags },
    config,
    parentRunId: null,
  }
  return run({ definitions, job, start, steps }, { ...options, projectFolder }, parts)
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
  learnSecrets(definitions)
  const projectFolder = options.projectFolder ?? findProject(process.cwd()).folder
  const { parent, ended, made } = runToRetry(projectFolder, runId)
  const job = parent.jobName === null ? undefined : expectJob(definitions, parent.jobName)
  const steps = await unfinishedSteps(definitions, parent, { ended, made, at: partitionsAt(projectFolder) })
  const start: RunStart = {
    ...newRun(steps),
    jobName: parent.jobName,
    partitionKey: parent.partitionKey,
    partitionKeyRange: parent.partitionKeyRange,
    tags: parent.tags,
    config: parent.config,
    parentRunId: parent.runId,
  }
  return await run({ definitions, job, start, steps }, { ...options, projectFolder }, {})
}

/** The id of a new run, and its plan as the event log records it. */
function newRun(steps: readonly PlannedStep[]): Pick<RunStart, 'runId' | 'steps' | 'stepLabels' | 'assetKeys'> {
  const labels = steps.map(({ step }) => [step.name, stepLabel(step)] as const)
  return {
    runId: randomUUID(),
    steps: labels.map(([name]) => name),
    stepLabels: Object.fromEntries(labels.filter(([name, label]) => name !== label)),
    assetKeys: steps.flatMap(({ selected }) => [...selected]),
  }
}

function runToRetry(projectFolder: string, runId: string): { parent: Run; ended: RunEvent[]; made: MadePartitions } {
  using eventLog = EventLog.openExisting(projectFolder)
  const parent = eventLog.run(runId)
  return { parent, ended: [...eventLog.eachEvent(parent.runId, ['STEP_SUCCESS'])], made: madePartitions(eventLog, parent) }
}

/** Which partitions the project has now. The event log is opened when a dynamic one is asked for. */
export function partitionsAt(projectFolder: string, { eventLog, clock = systemClock }: Omit<EngineParts, 'ioManager'> = {}): PartitionsAt {
  const read = (name: string): readonly string[] => {
    if (eventLog !== undefined) return eventLog.dynamicPartitions(name)
    using opened = EventLog.openToRead(projectFolder)
    return opened.dynamicPartitions(name)
  }
  const known = new Map<string, readonly string[]>()
  const dynamicKeys = (name: string): readonly string[] => {
    const keys = known.get(name) ?? read(name)
    known.set(name, keys)
    return keys
  }
  return { now: clock.now(), dynamicKeys }
}

type PlannedRun = Pick<ExecuteOptions, 'definitions' | 'job' | 'start' | 'steps'>

async function run(
  planned: PlannedRun,
  options: RunOptions & { readonly projectFolder: string },
  parts: EngineParts,
): Promise<MaterializeRun> {
  const { definitions, start } = planned
  expectNoSecretIn({ 'the partition key of the run': start.partitionKey, 'the tags of the run': start.tags })
  const { projectFolder } = options
  using scope = new DisposableStack()
  scope.defer(holdGate()) // what a script's own steps print is gated too
  const eventLog = parts.eventLog ?? scope.use(EventLog.open(projectFolder, options.durability))
  const values = new Values(definitions, parts.ioManager ?? storedIn(projectFolder, eventLog, options))
  const items = new KeptItems(projectFolder, {
    runId: start.runId,
    retriedRunIds: retriedRuns(eventLog, start).map(({ runId }) => runId),
    sync: options.durability === 'power',
  })
  const { signal } = new AbortController() // never aborted
  const result = await executeRun({
    ...planned,
    eventLog,
    values,
    items,
    projectFolder,
    clock: parts.clock ?? systemClock,
    concurrency: options.concurrency ?? 16,
    signal: options.signal ?? signal,
    onEvent: options.onEvent,
  })
  const made = [...eventLog.eachEvent(result.runId, ['ASSET_MATERIALIZATION'])] as Materialization[]
  let events: readonly RunEvent[] | undefined = parts.eventLog?.events(result.runId) // of a log in memory, which is about to be closed
  const { runId } = start
  const load: MaterializeRun['load'] = async ({ key }, ofPartition = start.partitionKey ?? undefined) => {
    const partitionKey = partitionOf(definitions.assets, key, ofPartition)
    const { partitionKeyRange: range } = start
    if (partitionKey === undefined && range !== null && definitions.assets.get(keyText(key))?.partitions !== undefined)
      throw dagmaError('DAGMA_PARTITION_NEEDED', { asset: keyText(key), some: [range.start, '…', range.end] })
    const reader = { who: 'load()', find: parts.eventLog === undefined ? findIn(projectFolder, runId) : async () => new Map() }
    return (await values.load({ assetKey: key, partitionKey, runId, signal }, reader)) as never
  }
  holdValues(load, () => values.releaseRun(runId))
  return {
    ...result,
    get events() {
      events ??= storedEvents(projectFolder, runId)
      return events
    },
    materializations: new Map(made.map((event) => [event.asset, event])),
    load,
  }
}

/** The values of the project. Its event log knows which of its runs are over. */
function storedIn(projectFolder: string, eventLog: EventLog, { durability }: RunOptions): IOManager {
  return projectValues(projectFolder, { sync: durability === 'power', isOver: (runId) => eventLog.isOver(runId) })
}

/** Looks materializations up for a run that is over: its event log is opened for each look. */
function findIn(projectFolder: string, runId: string): FindMaterializations {
  return async (asset, partitions) => {
    using eventLog = EventLog.openToRead(projectFolder)
    return eventLog.materializationsOf(asset, partitions, runId)
  }
}

function storedEvents(projectFolder: string, runId: string): readonly RunEvent[] {
  using eventLog = EventLog.openToRead(projectFolder)
  return eventLog.events(runId)
}

/** The partitions that a run makes: none, the one, or those of a range. */
function partitionsOfRun(
  definitions: Definitions,
  assetKeys: readonly string[],
  { partitionKey, partitionKeyRange: range }: MaterializeOptions,
  at: PartitionsAt,
): readonly string[] {
  if (range === undefined) return partitionKey === undefined ? [] : [partitionKey]
  if (partitionKey !== undefined)
    throw dagmaError('DAGMA_OPTION_INVALID', { option: 'partitionKeyRange', reason: 'cannot be combined with partitionKey' })
  const keys = keysOfRange(definitions, assetKeys, range, at)
  const { runs, limit } = planRange(definitions, assetKeys, keys, at)
  const [only = [], ...others] = runs
  if (others.length === 0) return only
  throw dagmaError('DAGMA_RANGE_NEEDS_RUNS', { ...limit, wanted: keys.length })
}

/** The job of that name. @throws DAGMA_JOB_UNKNOWN */
export function expectJob(definitions: Definitions, name: string): ResolvedJob {
  const job = definitions.jobs.get(name)
  if (job === undefined) throw dagmaError('DAGMA_JOB_UNKNOWN', { job: name, known: [...definitions.jobs.keys()], wantedBy: undefined })
  return job
}

function selectedKeys(definitions: Definitions, given: MaterializeOptions['selection']): string[] {
  if (given === undefined) return [...definitions.assets.keys()]
  const selection = selectionText(given)
  const keys = selectAssets(selection, definitions.assets)
  if (keys.length === 0) throw dagmaError('DAGMA_SELECTION_EMPTY', { what: 'This run', selection })
  return keys
}
