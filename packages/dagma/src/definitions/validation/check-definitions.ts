import { type DagmaError, dagmaError } from '../../errors.ts'
import { stepLabel } from '../assets/step-label.ts'
import type { Job } from '../automation/job.ts'
import type { Schedule } from '../automation/schedule.ts'
import type { Declared, Definitions, ResolvedJob } from '../model.ts'
import { placeText } from '../options/place.ts'
import { identityOf } from '../partitions/partitions.ts'
import { selectAssets } from '../selection/select-assets.ts'
import { checkJobConfig } from './check-config.ts'
import { checkCron } from './check-cron.ts'
import { checkExecutors } from './check-executors.ts'
import { checkNames } from './check-names.ts'
import { checkOptions } from './check-options.ts'
import { checkPartitions } from './check-partitions.ts'
import { unique } from './collect-graph.ts'
import { scheduleOfPartitions } from './partitioned-schedule.ts'

/** Checks a project's definitions; what is wrong goes into `errors`. Gives its jobs, schedules and sensors by name. */
export function checkDefinitions(declared: Declared, errors: DagmaError[]): Pick<Definitions, 'jobs' | 'schedules' | 'sensors'> {
  const { graph, ioManagers } = declared
  for (const step of graph.steps.values()) {
    const who = (): string => `Step "${stepLabel(step)}"${placeText(step)}`
    expectResources(who, step.resources, declared, errors)
    if (step.ioManager !== undefined && !ioManagers.has(step.ioManager)) {
      errors.push(
        dagmaError('DAGMA_IO_MANAGER_UNBOUND', {
          who: who(),
          ioManager: step.ioManager,
          bound: [...ioManagers.keys()],
        }),
      )
    }
  }
  checkNames(declared, errors)
  checkPartitions(graph, errors)
  checkOptions(declared, errors)
  const jobs = resolvedJobs(declared, errors)
  checkExecutors(declared, jobs, errors)
  const schedules = unique('schedule', declared.schedules, (schedule) => schedule.name, errors)
  for (const schedule of schedules.values()) {
    const who = `Schedule "${schedule.name}"${placeText(schedule)}`
    expectResources(() => who, schedule.resources, declared, errors)
    expectJob(who, schedule.job, jobs, errors)
    const { forPartitions } = schedule
    if (forPartitions !== undefined) {
      const partitions = jobs.get(schedule.job)?.assetKeys.map((key) => graph.assets.get(key)?.partitions)
      const resolved = scheduleOfPartitions(
        schedule,
        forPartitions,
        partitions?.find((one) => one !== undefined),
        errors,
      )
      schedules.set(schedule.name, resolved)
      if (resolved.evaluate !== undefined && resolved !== schedule)
        checkCron(who, resolved.cronSchedule, resolved.executionTimezone, errors)
      continue
    }
    checkCron(who, schedule.cronSchedule, schedule.executionTimezone, errors)
    expectPartition(schedule, jobs, graph, errors)
  }
  const sensors = unique('sensor', declared.sensors, (sensor) => sensor.name, errors)
  for (const sensor of sensors.values()) {
    const who = `Sensor "${sensor.name}"${placeText(sensor)}`
    expectResources(() => who, sensor.resources, declared, errors)
    for (const job of sensor.jobs) expectJob(who, job, jobs, errors)
  }
  return { jobs, schedules, sensors }
}

function resolvedJobs(declared: Declared, errors: DagmaError[]): Map<string, ResolvedJob> {
  const { assets } = declared.graph
  const jobs = new Map<string, ResolvedJob>()
  for (const [name, job] of unique('job', declared.jobs, (job) => job.name, errors)) {
    const who = `Job "${name}"${placeText(job)}`
    expectResources(() => who, job.resources, declared, errors)
    let assetKeys: string[] = []
    try {
      assetKeys = withNeighbors(selectAssets(job.selection, assets), declared.graph).filter(
        (key) => assets.get(key)?.step?.kind === 'materialize',
      )
      if (assetKeys.length === 0) errors.push(dagmaError('DAGMA_SELECTION_EMPTY', { what: who, selection: job.selection }))
    } catch (error) {
      errors.push(dagmaError('DAGMA_JOB_SELECTION', { job: who, reason: (error as DagmaError).problem }, error))
    }
    const partitions = new Map(
      assetKeys.flatMap((key) => {
        const declared = assets.get(key)?.partitions
        return declared === undefined ? [] : [[identityOf(declared), key]]
      }),
    )
    if (partitions.size > 1)
      errors.push(
        dagmaError('DAGMA_PARTITIONS_MISMATCH', {
          what: who,
          reason: `has assets with different partitions: ${[...partitions.values()].join(', ')}`,
        }),
      )
    checkJobConfig(who, { ...job, assetKeys }, declared.graph, errors)
    jobs.set(name, { ...job, assetKeys })
  }
  return jobs
}

/** The assets with the others of their multi-assets, where those cannot be subset: Dagster takes no job that selects a part. */
function withNeighbors(selected: readonly string[], { assets }: Declared['graph']): string[] {
  const whole = new Set(selected.map((key) => assets.get(key)?.step).filter((step) => step !== undefined && !step.canSubset))
  const keys = new Set(selected)
  return [...assets].filter(([key, { step }]) => keys.has(key) || (step !== undefined && whole.has(step))).map(([key]) => key)
}

/** A run of a partitioned job names a partition: a schedule must say which one. */
function expectPartition(
  schedule: Schedule,
  jobs: ReadonlyMap<string, ResolvedJob>,
  { assets }: Declared['graph'],
  errors: DagmaError[],
): void {
  const partitioned = jobs.get(schedule.job)?.assetKeys.find((key) => assets.get(key)?.partitions !== undefined)
  if (schedule.evaluate !== undefined || partitioned === undefined) return
  const of = `schedule "${schedule.name}"${placeText(schedule)}`
  const reason = `is missing: "${partitioned}" of its job has partitions, and each run must name one by runRequest({ partitionKey }), or by forPartitions: 'last'`
  errors.push(dagmaError('DAGMA_OPTION_INVALID', { option: 'evaluate', of, reason }))
}

function expectResources(who: () => string, needed: object, { resources }: Declared, errors: DagmaError[]): void {
  for (const resource of Object.keys(needed)) {
    if (!resources.has(resource)) errors.push(dagmaError('DAGMA_RESOURCE_UNBOUND', { who: who(), resource, bound: [...resources.keys()] }))
  }
}

function expectJob(who: string, job: string, jobs: ReadonlyMap<string, Job>, errors: DagmaError[]): void {
  if (!jobs.has(job)) errors.push(dagmaError('DAGMA_JOB_UNKNOWN', { job, known: [...jobs.keys()], wantedBy: who }))
}
