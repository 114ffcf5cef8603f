import { randomUUID } from 'node:crypto'
import { keyText } from '../definitions/assets/asset-key.ts'
import type { IOManager } from '../definitions/assets/io-manager.ts'
import { stepLabel } from '../definitions/assets/step-label.ts'
import { partitionOf } from '../definitions/definitions.ts'
import type { Definitions, ResolvedJob } from '../definitions/model.ts'
import type { PartitionsAt } from '../definitions/partitions/partitions.ts'
import { selectAssets } from '../definitions/selection/select-assets.ts'
import { selectionText } from '../definitions/selection/selection-text.ts'
import { dagmaError } from '../errors.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { expectNoSecretIn, learnSecrets } from '../runtime/gate/known-secrets.ts'
import { holdGate } from '../runtime/gate/stdio-gate.ts'
import { findProject } from '../runtime/project/project.ts'
import { KeptItems } from '../runtime/values/kept-items.ts'
import type { FindMaterializations } from '../runtime/values/materialized-values.ts'
import { projectValues, Values } from '../runtime/values/values.ts'
import { EventLog } from './event-log.ts'
import type { Materialization, Run, RunEvent, RunStart } from './events.ts'
import { executeRun } from './execute-run.ts'
import { holdValues } from './held-values.ts'
import { type MaterializedPartitions, materializedPartitions } from './materialized-partitions.ts'
import { type PlannedStep, planRun } from './plan.ts'
import { keysOfRange, planRange } from './plan-range.ts'
import { retriedRuns } from './retried-runs.ts'
import { unfinishedSteps } from './retry-run.ts'
import type { MaterializeOptions, MaterializeRun, RunOptions } from './run-options.ts'
import type { ExecuteOptions } from './run-scope.ts'

/** Where a run keeps what it makes, and how it tells the time; tests put others in their place. */
export interface EngineParts {
  readonly eventLog?: EventLog
  readonly ioManager?: IOManager
  readonly clock?: Clock
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

/** As {@link retryRun}, with options that are checked. */
export async function retryRunWith(definitions: Definitions, runId: string, options: RunOptions): Promise<MaterializeRun> {
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

function runToRetry(projectFolder: string, runId: string): { parent: Run; ended: RunEvent[]; made: MaterializedPartitions } {
  using eventLog = EventLog.openExisting(projectFolder)
  const parent = eventLog.run(runId)
  return { parent, ended: [...eventLog.eachEvent(parent.runId, ['STEP_SUCCESS'])], made: materializedPartitions(eventLog, parent) }
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
