import type { LogLevel, StepLog } from '../../definitions/assets/step-log.ts'
import type { RunRequest } from '../../definitions/automation/run-request.ts'
import type { Schedule } from '../../definitions/automation/schedule.ts'
import type { DynamicPartitionsChange, Sensor } from '../../definitions/automation/sensor.ts'
import { configBySteps } from '../../definitions/definitions.ts'
import type { Definitions } from '../../definitions/model.ts'
import { dagmaError } from '../../errors.ts'
import { gateText } from '../gate/exit-gate.ts'
import { gatedLog } from '../gate/gated-log.ts'
import { secretFields, visitFields } from '../gate/known-secrets.ts'
import { RunResources } from '../step/run-resources.ts'
import { projectValues, Values } from '../values/values.ts'
import { tickResult } from './tick-result.ts'

/** The result of a tick. Displayed parts have passed the exit gate; parts that are used are unchanged, and contain no known secret. */
export interface Tick {
  readonly runRequests: readonly (RunRequest & { readonly jobName: string })[]
  readonly skipReason: string | undefined
  /** Undefined: it stays as it was. */
  readonly cursor: string | undefined
  readonly dynamicPartitions: readonly DynamicPartitionsChange[]
  readonly logs: readonly { readonly level: LogLevel; readonly message: string }[]
}

/** Where a tick is evaluated. */
export interface TickHost {
  readonly definitions: Definitions
  readonly projectFolder: string
  readonly signal: AbortSignal
}

/** The input of a sensor's tick. */
export interface SensorTick {
  readonly cursor: string | undefined
  /** The keys of dynamic partitions by the name of their definition. @throws DAGMA_OPTION_INVALID for another name */
  readonly dynamicKeys: (name: string) => readonly string[]
}

/** Evaluates one tick of a schedule: its own function, or one run of its job. */
export function scheduleTick(schedule: Schedule, scheduledTime: Date, host: TickHost): Promise<Tick> {
  const { evaluate } = schedule
  return evaluated(host, { who: `Schedule "${schedule.name}"`, job: schedule.job, needed: schedule.resources }, async (resources, log) => {
    if (evaluate === undefined)
      return [{ type: 'run_request', runKey: undefined, jobName: undefined, config: {}, tags: {}, partitionKey: undefined }]
    return evaluate({ scheduledTime, resources, log })
  })
}

/** Evaluates one tick of a sensor. */
export function sensorTick(sensor: Sensor, { cursor, dynamicKeys }: SensorTick, host: TickHost): Promise<Tick> {
  return evaluated(host, { who: `Sensor "${sensor.name}"`, job: sensor.jobs[0] ?? '', needed: sensor.resources }, async (resources, log) =>
    sensor.run({ cursor, resources, log, listDynamicPartitions: async (name) => dynamicKeys(name) }),
  )
}

async function evaluated(
  { definitions, projectFolder, signal }: TickHost,
  { who, job, needed }: { who: string; job: string; needed: object },
  evaluate: (resources: Record<string, never>, log: StepLog) => Promise<unknown>,
): Promise<Tick> {
  const logs: { level: LogLevel; message: string }[] = []
  const log = gatedLog((level, message) => logs.push({ level, message }))
  const storage = new Values(definitions, projectValues(projectFolder)).ofResources('ticks', signal)
  const resources = new RunResources(definitions.resources, { runId: '', projectFolder, log, signal, storage })
  try {
    const clients = await resources.clients(Object.keys(needed))
    const {
      runRequests = [],
      skipReason,
      cursor,
      dynamicPartitions = [],
    } = tickResult(who, await evaluate(clients as Record<string, never>, log))
    const requests = runRequests.map((request) => ({
      ...request,
      jobName: request.jobName ?? job,
      config: configBySteps(definitions, request.config),
    }))
    expectNoSecret({ runRequests: requests, cursor, dynamicPartitions })
    return {
      runRequests: requests,
      skipReason: skipReason === undefined ? undefined : gateText(skipReason),
      cursor,
      dynamicPartitions,
      logs,
    }
  } finally {
    await resources.close()
  }
}

/** Values that are used are never changed. @throws DAGMA_SECRET_IN_TICK */
function expectNoSecret(parts: Pick<Tick, 'runRequests' | 'cursor' | 'dynamicPartitions'>): void {
  const [field] = secretFields((visit) => visitFields({ ...parts }, visit))
  if (field !== undefined) throw dagmaError('DAGMA_SECRET_IN_TICK', field)
}
