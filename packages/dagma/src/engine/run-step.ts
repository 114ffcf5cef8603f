import { retryDelay } from '../definitions/assets/retry-policy.ts'
import type { Step } from '../definitions/assets/step.ts'
import { partitionOf } from '../definitions/definitions.ts'
import type { Definitions } from '../definitions/model.ts'
import type { WireError } from '../runtime/gate/exit-gate.ts'
import { callHook } from '../runtime/step/hooks.ts'
import type { StepFailure } from '../runtime/step/step-failure.ts'
import type { DynamicPartitionsReport, EndedPartition, StepOutcome, StepPartitions, StepReport } from '../runtime/step/step-host.ts'
import { runStep } from '../runtime/step/step-runner.ts'
import type { EventBody } from './events.ts'
import type { PlannedStep } from './plan.ts'
import type { RunScope } from './run-scope.ts'

/**
 * Runs a step, tries it again as its retry policy says, and calls the job's hooks when the step's end is durable. Resolves to whether the step
 * succeeded.
 */
export async function runStepToEnd(planned: PlannedStep, scope: RunScope): Promise<boolean> {
  const { recorder, clock, signal, eventLog, items } = scope
  const { name, retryPolicy } = planned.step
  const partitions = planned.partitionKeys === undefined ? undefined : new RecordedPartitions(planned.step, planned.partitionKeys, scope)
  for (let retryNumber = 0; ; retryNumber++) {
    recorder.note(retryNumber === 0 ? { type: 'STEP_START', step: name } : { type: 'STEP_RESTARTED', step: name, retryNumber })
    const { outcome, results, changes } = await attempt(planned, scope, retryNumber, partitions)
    if (outcome.status === 'success') {
      for (const change of changes) await eventLog.whenFree(() => eventLog.changeDynamicPartitions(change))
      await recorder.record(...results, { type: 'STEP_SUCCESS', step: name })
      items.remove(name, scope.start.partitionKey ?? undefined)
      await hookOf(planned, scope, undefined)
      return true
    }
    const { error, thrown, metadata, allowRetries } = outcome
    if (allowRetries && retryNumber < (retryPolicy?.maxRetries ?? 0)) {
      const delaySeconds = retryPolicy === undefined ? 0 : retryDelay(retryPolicy, retryNumber + 1, Math.random)
      recorder.note(...results, { type: 'STEP_UP_FOR_RETRY', step: name, error, delaySeconds })
      if (delaySeconds > 0) await clock.sleep(delaySeconds * 1000, signal)
      continue
    }
    await recorder.record(...results, { type: 'STEP_FAILURE', step: name, error, metadata })
    if (outcome.status === 'failure') await hookOf(planned, scope, thrown)
    return false
  }
}

function hookOf({ step }: PlannedStep, { job, start, ...host }: RunScope, error: WireError | undefined): Promise<void> {
  return callHook({ job, runId: start.runId, stepName: step.name, step, error }, host)
}

async function attempt(
  planned: PlannedStep,
  scope: RunScope,
  retryNumber: number,
  partitions: RecordedPartitions | undefined,
): Promise<{ outcome: StepOutcome; results: EventBody[]; changes: DynamicPartitionsReport[] }> {
  const { definitions, start, resources, spending, values, items, observer, signal, clock, recorder, eventLog } = scope
  const { name } = planned.step
  const results: EventBody[] = []
  const changes: DynamicPartitionsReport[] = []
  const outcome = await runStep(planned.step, {
    definitions,
    runId: start.runId,
    jobName: start.jobName,
    runTags: start.tags,
    partitionKey: start.partitionKey ?? undefined,
    partitions,
    retryNumber,
    config: planned.config,
    selected: planned.selected,
    resources,
    values,
    spending,
    items,
    findMaterializations: async (asset, partitions) => eventLog.materializationsOf(asset, partitions, start.runId),
    observer,
    signal,
    now: clock.now,
    dynamicKeys: (name) => eventLog.dynamicPartitions(name),
    listDynamicKeys: async (name) => eventLog.dynamicPartitions(name),
    report: (report) => {
      if (report.type === 'dynamic_partitions') return void changes.push(report)
      const event = eventOf(name, report, definitions, start.partitionKey ?? undefined)
      if (event.type === 'LOG' || event.type === 'ITEMS_PROGRESS') recorder.note(event)
      else results.push(event)
    },
  })
  return { outcome, results, changes }
}

/** The partitions that a step makes in a run of several: each is recorded in one transaction, with everything that it reported. */
class RecordedPartitions implements StepPartitions {
  readonly givenUp = new Map<string, StepFailure>()
  readonly #missing: Set<string>
  readonly #step: Step
  readonly #scope: RunScope

  constructor(step: Step, keys: readonly string[], scope: RunScope) {
    this.#step = step
    this.#missing = new Set(keys)
    this.#scope = scope
  }

  get keys(): readonly string[] {
    return [...this.#missing]
  }

  async record({ partitionKey: partition, results, changes, failure }: EndedPartition): Promise<void> {
    const { recorder, definitions, eventLog } = this.#scope
    const step = this.#step.name
    const events: EventBody[] = results.map((report) => eventOf(step, report, definitions, partition))
    if (failure !== undefined) events.push({ type: 'PARTITION_FAILURE', step, partition, error: failure.error, metadata: failure.metadata })
    else for (const change of changes) await eventLog.whenFree(() => eventLog.changeDynamicPartitions(change))
    await recorder.record(...events)
    if (failure === undefined) this.#missing.delete(partition)
  }
}

function eventOf(
  step: string,
  report: Exclude<StepReport, DynamicPartitionsReport>,
  { assets }: Definitions,
  runPartition: string | undefined,
): EventBody {
  if (report.type === 'log') {
    const { level, message, partitionKey: partition } = report
    return { type: 'LOG', step, ...(partition !== undefined && { partition }), level, message }
  }
  if (report.type === 'items') {
    const { name, done, failed, all, partitionKey: partition } = report
    return { type: 'ITEMS_PROGRESS', step, ...(partition !== undefined && { partition }), name, done, failed, all }
  }
  const partition = partitionOf(assets, report.assetKey, runPartition) ?? null
  const about = { step, asset: report.assetKey.join('/'), partition, metadata: report.metadata }
  if (report.type !== 'check') {
    const type = report.type === 'materialization' ? 'ASSET_MATERIALIZATION' : 'ASSET_OBSERVATION'
    return { type, ...about, dataVersion: report.dataVersion ?? null, ...(report.stored && { stored: report.stored }) }
  }
  const { check, passed, severity, blocking, description = null } = report
  return { type: 'ASSET_CHECK_EVALUATION', ...about, check, passed, severity, blocking, description }
}
