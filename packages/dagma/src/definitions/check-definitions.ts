import { Cron } from 'croner'
import { type DagmaError, dagmaError } from '../errors.ts'
import { checkPartitions } from './check-partitions.ts'
import type { Definitions, ResolvedJob } from './definitions.ts'
import { placeText, unique } from './graph.ts'
import type { IOManager } from './io-manager.ts'
import type { Job } from './job.ts'
import type { Resource } from './resource.ts'
import type { Schedule } from './schedule.ts'
import { selectAssets } from './selection.ts'
import type { Sensor } from './sensor.ts'

/** What is checked against each other. */
interface Declared {
  readonly graph: Pick<Definitions, 'assets' | 'steps' | 'checks'>
  readonly resources: ReadonlyMap<string, Resource<unknown>>
  readonly ioManagers: ReadonlyMap<string, IOManager>
  readonly jobs: readonly Job[]
  readonly schedules: readonly Schedule[]
  readonly sensors: readonly Sensor[]
}

/** Checks a project's definitions; what is wrong goes into `errors`. Gives its jobs, schedules and sensors by name. */
export function checkDefinitions(declared: Declared, errors: DagmaError[]): Pick<Definitions, 'jobs' | 'schedules' | 'sensors'> {
  const { graph, ioManagers } = declared
  for (const step of graph.steps.values()) {
    expectResources(`Step "${step.name}"${placeText(step)}`, step.resources, declared, errors)
    if (step.ioManager !== undefined && !ioManagers.has(step.ioManager)) {
      errors.push(dagmaError('DAGMA_IO_MANAGER_UNBOUND', { step: step.name, ioManager: step.ioManager, bound: [...ioManagers.keys()] }))
    }
  }
  checkPartitions(graph, errors)
  const jobs = resolvedJobs(declared, errors)
  const schedules = unique('schedule', declared.schedules, (schedule) => schedule.name, errors)
  for (const schedule of schedules.values()) {
    expectResources(`Schedule "${schedule.name}"`, schedule.resources, declared, errors)
    expectJob(`Schedule "${schedule.name}"`, schedule.job, jobs, errors)
    checkCron(schedule, errors)
  }
  const sensors = unique('sensor', declared.sensors, (sensor) => sensor.name, errors)
  for (const sensor of sensors.values()) {
    expectResources(`Sensor "${sensor.name}"`, sensor.resources, declared, errors)
    for (const job of sensor.jobs) expectJob(`Sensor "${sensor.name}"`, job, jobs, errors)
  }
  return { jobs, schedules, sensors }
}

function resolvedJobs(declared: Declared, errors: DagmaError[]): Map<string, ResolvedJob> {
  const { assets } = declared.graph
  const jobs = new Map<string, ResolvedJob>()
  for (const [name, job] of unique('job', declared.jobs, (job) => job.name, errors)) {
    expectResources(`Job "${name}"`, job.resources, declared, errors)
    let assetKeys: string[] = []
    try {
      assetKeys = selectAssets(job.selection, assets).filter((key) => assets.get(key)?.step?.kind === 'materialize')
      if (assetKeys.length === 0) errors.push(dagmaError('DAGMA_SELECTION_EMPTY', { what: `Job "${name}"`, selection: job.selection }))
    } catch (error) {
      errors.push(dagmaError('DAGMA_JOB_SELECTION', { job: name, reason: (error as DagmaError).message }, error))
    }
    const partitions = new Map(
      assetKeys.flatMap((key) => (assets.get(key)?.partitions === undefined ? [] : [[JSON.stringify(assets.get(key)?.partitions), key]])),
    )
    if (partitions.size > 1)
      errors.push(
        dagmaError('DAGMA_PARTITIONS_MISMATCH', {
          what: `Job "${name}"`,
          reason: `has assets with different partitions: ${[...partitions.values()].join(', ')}`,
        }),
      )
    jobs.set(name, { ...job, assetKeys })
  }
  return jobs
}

function expectResources(who: string, needed: object, { resources }: Declared, errors: DagmaError[]): void {
  for (const resource of Object.keys(needed)) {
    if (!resources.has(resource)) errors.push(dagmaError('DAGMA_RESOURCE_UNBOUND', { who, resource, bound: [...resources.keys()] }))
  }
}

function expectJob(who: string, job: string, jobs: ReadonlyMap<string, Job>, errors: DagmaError[]): void {
  if (!jobs.has(job)) errors.push(dagmaError('DAGMA_JOB_UNKNOWN', { job, known: [...jobs.keys()], wantedBy: who }))
}

function checkCron({ name, cronSchedule: cron, executionTimezone: timezone }: Schedule, errors: DagmaError[]): void {
  const reason = whyNoCron(cron)
  if (reason !== undefined) errors.push(dagmaError('DAGMA_CRON_INVALID', { schedule: name, cron, reason }))
  if (!isTimezone(timezone)) errors.push(dagmaError('DAGMA_TIMEZONE_UNKNOWN', { schedule: name, timezone }))
}

/** Why Dagster would not take a cron line; croner alone knows more than Dagster: dates, and "W", "+" and "5L" in fields. */
function whyNoCron(cron: string): string | undefined {
  if (!/^\s*(?:@[a-z]+|\S+(?:\s+\S+){4})\s*$/.test(cron)) return 'it has no five fields'
  const foreign = /\d+[LW]|LW|\+/i.exec(cron)
  if (foreign !== null) return `Dagster does not know "${foreign[0]}"`
  try {
    return new Cron(cron, { mode: '5-part', paused: true }).nextRun() === null ? 'it names no moment that ever comes' : undefined
  } catch (error) {
    return String((error as Error).message).replace(/\.$/, '')
  }
}

/** Whether Python knows the zone too: it wants the letters' case as it is, and no offsets such as "+01:00". */
function isTimezone(name: string): boolean {
  if (name === 'UTC') return true // loading all others takes 15 ms
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions()
    return /^[A-Z]/.test(name) && (timeZone === name || timeZone.toLowerCase() !== name.toLowerCase())
  } catch {
    return false
  }
}
