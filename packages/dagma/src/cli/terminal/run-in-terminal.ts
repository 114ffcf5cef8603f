import { type Command, InvalidArgumentError, Option } from 'commander'
import type { RunConfig, RunTags } from '../../definitions/automation/job.ts'
import type { Definitions } from '../../definitions/model.ts'
import { rangeText } from '../../definitions/partitions/partition-ranges.ts'
import { selectAssets } from '../../definitions/selection/select-assets.ts'
import { selectionText } from '../../definitions/selection/selection-text.ts'
import { type Durability, EventLog } from '../../engine/event-log.ts'
import type { RunEvent } from '../../engine/events.ts'
import { materialize } from '../../engine/materialize.ts'
import { missingPartitions } from '../../engine/materialized-partitions.ts'
import type { MaterializeOptions, MaterializeRun, RunOptions } from '../../engine/run-options.ts'
import { chooseReporter, type RunReport, reportRuns } from '../../report/report-run.ts'
import type { Project } from '../../runtime/project/project.ts'
import { chosenPartitions, type PartitionOptions, withPartitionOptions } from './chosen-partitions.ts'
import { endWith, exitCodes } from './exit-codes.ts'
import { interruption } from './interruption.ts'
import { positiveInteger } from './options.ts'
import { printJson, printLine } from './output.ts'
import { progress } from './progress.ts'
import { readLog } from './read-log.ts'
import { printReports, type ReportOptions, withReportOptions } from './report-options.ts'
import { declaredSteps } from './step-texts.ts'

/** Options of every command that runs something. */
export interface RunningOptions extends ReportOptions {
  json?: boolean
  concurrency: number
  durability: Durability
}

/** Options of commands that start a new run. */
export interface NewRunOptions extends RunningOptions, PartitionOptions {
  config?: RunConfig
  tag: RunTags
}

/** Gives `command` the options of every command that runs something. */
export function withRunningOptions(command: Command): Command {
  return withReportOptions(command)
    .addOption(new Option('--concurrency <count>', 'maximum concurrent steps').argParser(positiveInteger).default(16))
    .addOption(
      new Option('--durability <level>', 'what recorded events survive: a crash of the process, or also a power failure')
        .choices(['process', 'power'])
        .default('process'),
    )
}

/** Gives `command` the options of commands that start a new run. */
export function withNewRunOptions(command: Command): Command {
  return withPartitionOptions(withRunningOptions(command).addOption(configOption())).addOption(
    new Option('--tag <key=value>', 'run tag; can be repeated').argParser(addTag).default({}, 'none'),
  )
}

/** `--config`, of every command that starts a new run. */
export function configOption(): Option {
  return new Option('-c, --config <json>', 'config by asset or step, for example {"my_asset": {"limit": 3}}').argParser(parseConfig)
}

/** Starts a run, or one for each of several partitions, and shows it. The exit code says how it ended. */
export async function runInTerminal(
  project: Project,
  definitions: Definitions,
  what: Pick<MaterializeOptions, 'selection' | 'job' | 'kind'>,
  options: NewRunOptions,
): Promise<void> {
  const { config, partition, tag: tags } = options
  noteSkipped(definitions, what)
  const run = (keys: readonly string[]): RunToShow => {
    const [start, end] = [keys[0], keys.at(-1)]
    const several = keys.length > 1 && start !== undefined && end !== undefined
    const of = several ? { partitionKeyRange: { start, end } } : { ...(start !== undefined && { partitionKey: start }) }
    return {
      partition: several ? rangeText({ start, end }) : (start ?? null),
      keys,
      start: (running) => materialize(definitions, { ...what, ...running, tags, ...(config && { config }), ...of }),
    }
  }
  const chosen = chosenPartitions(project.folder, definitions, what, options)
  const runs = chosen === undefined ? run(partition === undefined ? [] : [partition]) : chosen.map(run)
  await show({ project, definitions }, options, runs)
}

/**
 * Executes one run or several in sequence, and shows them: live lines, or one JSON document (a list for several runs). With `report`, all of them,
 * failed ones included, are then reported to Dagster; whether Dagster can be reached is checked before anything runs.
 */
export async function show(
  { project, definitions }: LoadedProject,
  options: RunningOptions,
  runs: RunToShow | readonly RunToShow[],
): Promise<void> {
  const { json = false, report = false, concurrency, durability } = options
  const reporter = report ? chooseReporter(project, options) : undefined
  const signal = interruption('the run')
  const ended: MaterializeRun[] = []
  const unsuccessful: UnsuccessfulRun[] = []
  const all = 'start' in runs ? [runs] : runs
  for (const [index, { partition, keys, partitionsOf = () => keys.length, start }] of all.entries()) {
    const position = all.length > 1 ? `[${index + 1}/${all.length}] ` : ''
    const onEvent = json ? {} : { onEvent: progress({ partition, position, partitionsOf }, declaredSteps(definitions)) }
    const result = await start({ projectFolder: project.folder, concurrency, durability, signal, ...onEvent })
    ended.push(result)
    if (result.status !== 'SUCCESS') {
      endWith(exitCodes.runFailed)
      const missing =
        keys.length > 1 ? readLog(project.folder, (log) => missingPartitions(definitions, log, log.run(result.runId), keys)) : keys
      unsuccessful.push({ runId: result.runId, missing })
    }
    if (signal.aborted) break
  }
  if (!json && !('start' in runs)) {
    const counts = all.map(({ keys }) => keys.length)
    printLine(rangeSummary({ all: sum(counts), started: sum(counts.slice(0, ended.length)) }, unsuccessful))
  }
  const print = (documents: readonly unknown[]): void => printJson('start' in runs ? documents[0] : documents)
  if (reporter === undefined) {
    if (json) print(ended.map((result) => runJson(project, result)))
    return
  }
  let reports: RunReport[] = []
  try {
    using log = EventLog.open(project.folder)
    reports = await reportRuns(
      reporter,
      log,
      ended.map(({ runId }) => log.run(runId)),
    )
  } finally {
    if (json)
      print(ended.map((result) => ({ ...runJson(project, result), report: reports.find((one) => one.runId === result.runId) ?? null })))
    else printReports(reports)
  }
}

interface LoadedProject {
  readonly project: Project
  readonly definitions: Definitions
}

/** A run to start and show. */
export interface RunToShow {
  /** The partition, or the first and the last of several, as text. */
  readonly partition: string | null
  /** The partitions that it makes, in order; none when there are none, or when only the run knows. */
  readonly keys: readonly string[]
  /** How many of them a step makes, by its name. Default: all. */
  readonly partitionsOf?: (step: string) => number
  readonly start: (running: RunOptions) => Promise<MaterializeRun>
}

/** Names assets that were selected by name or filter but that the run cannot materialize or observe: they are skipped. */
function noteSkipped({ assets }: Definitions, { selection, kind }: Pick<MaterializeOptions, 'selection' | 'kind'>): void {
  if (selection === undefined || selection === '*' || kind === undefined || kind === 'check') return
  const skipped = selectAssets(selectionText(selection), assets).filter((key) => assets.get(key)?.step?.kind !== kind)
  if (skipped.length === 0) return
  const why = kind === 'observe' ? 'not observable' : 'not materialized by this project'
  process.stderr.write(`Skipped, because ${skipped.length === 1 ? 'it is' : 'they are'} ${why}: ${skipped.join(', ')}.\n`)
}

/** A run that did not succeed, and the partitions that it did not make. */
interface UnsuccessfulRun {
  readonly runId: string
  readonly missing: readonly string[]
}

/** Partitions that are named of a run that did not succeed. */
const mostNamed = 20

/** How the runs of a range ended, in numbers of partitions, since the lines of each run are far above. */
function rangeSummary(
  { all, started }: { readonly all: number; readonly started: number },
  unsuccessful: readonly UnsuccessfulRun[],
): string {
  if (all === 0) return 'No partitions to run.'
  const counts = `${started - sum(unsuccessful.map(({ missing }) => missing.length))} of ${all} partitions succeeded.`
  const others = unsuccessful.map(({ runId, missing }) => {
    const more = missing.length - mostNamed
    return `${missing.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''} (${runId.slice(0, 8)})`
  })
  return `${counts}${others.length === 0 ? '' : ` These did not: ${others.join(', ')}.`}${started < all ? ` ${all - started} were not started.` : ''}`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

function parseConfig(text: string): RunConfig {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RunConfig
  } catch {
    // said below
  }
  throw new InvalidArgumentError('Give a JSON object such as {"my_asset": {"limit": 3}}.')
}

function addTag(text: string, tags: RunTags): RunTags {
  const [key, value] = [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]
  if (!text.includes('=') || key === '') throw new InvalidArgumentError('Give it as key=value.')
  return { ...tags, [key]: value }
}

function runJson({ folder }: Project, { runId, status }: MaterializeRun): object {
  return { runId, status, events: storedEvents(folder, runId) }
}

function* storedEvents(folder: string, runId: string): Generator<RunEvent> {
  using log = EventLog.openToRead(folder)
  yield* log.eachEvent(runId)
}
