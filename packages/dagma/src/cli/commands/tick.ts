import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { checkTick } from '../../engine/check-tick.ts'
import { dagmaError } from '../../errors.ts'
import { scheduleTick, sensorTick, type Tick, type TickHost } from '../../runtime/tick/tick.ts'
import { loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printAnswer } from '../terminal/output.ts'
import { expectDynamicPartitions } from './partition-change.ts'

/** The request of the Dagster host, one JSON document on stdin: `protocol/tick.schema.json`. */
type TickRequest =
  | { readonly kind: 'schedule'; readonly name: string; readonly scheduled_time: string }
  | { readonly kind: 'sensor'; readonly name: string; readonly cursor: string | null; readonly dynamic_partitions: DynamicKeys }

/** The keys of the project's dynamic partitions by the name of their definition. */
interface DynamicKeys {
  readonly [name: string]: readonly string[]
}

/** `dagma tick`: started by the Dagster host for each tick, hidden from people. */
export function tickCommand(): Command {
  return new Command('tick')
    .description('Evaluate a tick for the Dagster host.')
    .addOption(moduleOption())
    .action(async (options: ModuleOption) => {
      const { project, definitions } = await loadProject({ ...options, json: true })
      const request = JSON.parse(await text(process.stdin)) as TickRequest
      const host = { definitions, projectFolder: project.folder, signal: new AbortController().signal }
      printAnswer(JSON.stringify(tickJson(await evaluateTick(request, host))))
    })
}

/** Evaluates a tick, and checks that the runs that it asks for could start. @throws DAGMA_TICK_UNKNOWN, DAGMA_TICK_INVALID */
export async function evaluateTick(request: TickRequest, host: TickHost): Promise<Tick> {
  const { schedules, sensors } = host.definitions
  if (request.kind === 'schedule') {
    const schedule = expectTick(schedules, 'schedule', request.name)
    const tick = await scheduleTick(schedule, new Date(request.scheduled_time), host)
    await checkTick(`Schedule "${schedule.name}"`, [schedule.job], host.definitions, { tick, now: new Date(request.scheduled_time) })
    return tick
  }
  const sensor = expectTick(sensors, 'sensor', request.name)
  const dynamicKeys = (name: string): readonly string[] => {
    expectDynamicPartitions(name, host.definitions)
    return request.dynamic_partitions[name] ?? []
  }
  const tick = await sensorTick(sensor, { cursor: request.cursor ?? undefined, dynamicKeys }, host)
  await checkTick(`Sensor "${sensor.name}"`, sensor.jobs, host.definitions, { tick, now: new Date() })
  return tick
}

/** The schedule or sensor of that name. @throws DAGMA_TICK_UNKNOWN */
export function expectTick<Item>(items: ReadonlyMap<string, Item>, what: string, name: string): Item {
  const item = items.get(name)
  if (item === undefined) throw dagmaError('DAGMA_TICK_UNKNOWN', { what, name, known: [...items.keys()] })
  return item
}

/** A tick as `dagma tick` prints it for the Dagster host. */
export function tickJson(tick: Tick): unknown {
  return {
    run_requests: tick.runRequests.map(({ runKey = null, jobName, config, tags, partitionKey = null }) => ({
      run_key: runKey,
      job_name: jobName,
      config,
      tags,
      partition_key: partitionKey,
    })),
    skip_reason: tick.skipReason ?? null,
    cursor: tick.cursor ?? null,
    dynamic_partitions: tick.dynamicPartitions.map(({ partitions, add = [], remove = [] }) => ({ partitions, add, remove })),
    logs: tick.logs,
  }
}
