import { retryDelay } from '../definitions/assets/retry-policy.ts'
import { partitionOf } from '../definitions/definitions.ts'
import type { Definitions } from '../definitions/model.ts'
import type { WireError } from '../runtime/gate/exit-gate.ts'
import { callHook } from '../runtime/step/hooks.ts'
import type { DynamicPartitionsReport, StepOutcome, StepReport } from '../runtime/step/step-host.ts'
import { runStep } from '../runtime/step/step-runner.ts'
import type { EventBody } from './events.ts'
import type { PlannedStep } from './plan.ts'
import type { RunScope } from './run-scope.ts'

/**
 * Runs a step, tries it again as its retry policy says, and calls the job's hooks when the step's end is durable. Resolves to whether the step
 * succeeded.
 */
export async function runStepToEnd(planned: PlannedStep, scope: RunScope): Promise<boolean> {
  const { recorder, clock, signal, eventLog } = scope
  const { name, retryPolicy } = planned.step
  for (let retryNumber = 0; ; retryNumber++) {
    recorder.note(retryNumber === 0 ? { type: 'STEP_START', step: name } : { type: 'STEP_RESTARTED', step: name, retryNumber })
    const { outcome, results, changes } = await attempt(planned, scope, retryNumber)
    if (outcome.status === 'success') {
      for (const change of changes) await eventLog.whenFree(() => eventLog.changeDynamicPartitions(change))
      await recorder.record(...results, { type: 'STEP_SUCCESS', step: name })
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

function hookOf({ step }: PlannedStep, { job, start, resources, log, signal }: RunScope, error: WireError | undefined): Promise<void> {
  const ended = { job, runId: start.runId, stepName: step.name, error, timeoutSeconds: step.timeoutSeconds }
  return callHook(ended, { resources, log, signal })
}

async function attempt(
  planned: PlannedStep,
  scope: RunScope,
  retryNumber: number,
): Promise<{ outcome: StepOutcome; results: EventBody[]; changes: DynamicPartitionsReport[] }> {
  const { definitions, start, resources, values, observer, signal, clock, recorder, eventLog } = scope
  const { name } = planned.step
  const results: EventBody[] = []
  const changes: DynamicPartitionsReport[] = []
  const outcome = await runStep(planned.step, {
    definitions,
    runId: start.runId,
    jobName: start.jobName,
    runTags: start.tags,
    partitionKey: start.partitionKey ?? undefined,
    retryNumber,
    config: planned.config,
    selected: planned.selected,
    resources,
    values,
    observer,
    signal,
    now: clock.now,
    dynamicKeys: (name) => eventLog.dynamicPartitions(name),
    report: (report) => {
      if (report.type === 'dynamic_partitions') return void changes.push(report)
      const event = eventOf(name, report, definitions, start.partitionKey ?? undefined)
      if (event.type === 'LOG') recorder.note(event)
      else results.push(event)
    },
  })
  return { outcome, results, changes }
}

function eventOf(
  step: string,
  report: Exclude<StepReport, DynamicPartitionsReport>,
  { assets }: Definitions,
  runPartition: string | undefined,
): EventBody {
  if (report.type === 'log') return { type: 'LOG', step, level: report.level, message: report.message }
  const about = { step, asset: report.assetKey.join('/'), metadata: report.metadata }
  if (report.type !== 'check') {
    const type = report.type === 'materialization' ? 'ASSET_MATERIALIZATION' : 'ASSET_OBSERVATION'
    const partition = partitionOf(assets, report.assetKey, runPartition) ?? null
    return { type, ...about, partition, dataVersion: report.dataVersion ?? null }
  }
  const { check, passed, severity, blocking, description = null } = report
  return { type: 'ASSET_CHECK_EVALUATION', ...about, check, passed, severity, blocking, description }
}
