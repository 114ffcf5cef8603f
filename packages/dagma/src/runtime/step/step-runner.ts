import { keyText } from '../../definitions/assets/asset-key.ts'
import type { Step, StepContext, StepExtras } from '../../definitions/assets/step.ts'
import { stepLabel } from '../../definitions/assets/step-label.ts'
import type { StepLog } from '../../definitions/assets/step-log.ts'
import { partitionOf } from '../../definitions/definitions.ts'
import type { StepObserver } from '../../definitions/instrument.ts'
import { keysByDimension, partitionTimeWindow } from '../../definitions/partitions/partition-context.ts'
import { nonexistentInputs, upstreamPartitions } from '../../definitions/partitions/upstream-partitions.ts'
import { configIssues } from '../../definitions/validation/config-issues.ts'
import { dagmaError } from '../../errors.ts'
import { learnEnvironment } from '../../metadata/redaction/secret-values.ts'
import { reasonOf } from '../gate/exit-gate.ts'
import { gatedLog } from '../gate/gated-log.ts'
import { loadedInputs } from '../values/missing-inputs.ts'
import { dynamicPartitionsReport } from './dynamic-partitions-report.ts'
import { observeStep } from './instrumentation.ts'
import { stepFailure } from './step-failure.ts'
import type { AttemptHost, StepHost, StepOutcome, StepReport } from './step-host.ts'
import { reportResult } from './step-results.ts'
import { untilAborted } from './until-aborted.ts'

/** Runs one attempt of a step: config, inputs, resources, the user's function, values stored, results reported. Never throws. */
export async function runStep(step: Step, host: StepHost): Promise<StepOutcome> {
  learnEnvironment()
  return observeStep(host.observer, step, host.retryNumber, (observer) => observedStep(step, host, observer))
}

async function observedStep(step: Step, host: StepHost, observer: StepObserver | undefined): Promise<StepOutcome> {
  const timeout = step.timeoutSeconds === undefined ? undefined : AbortSignal.timeout(step.timeoutSeconds * 1000)
  const signal = timeout === undefined ? host.signal : AbortSignal.any([host.signal, timeout])
  let over = false
  const failedChecks: string[] = []
  const report = (item: StepReport): void => {
    // What the user's code left running may still log: its step is over, and its host may be gone.
    if (over) return
    host.report(item)
    if (item.type === 'check') failedChecks.push(...(item.blocksDownstream ? [`${keyText(item.assetKey)}:${item.check}`] : []))
    else if (item.type !== 'log' && item.type !== 'dynamic_partitions') observer?.reported(item)
  }
  const timing = { latencyMs: 0 }
  let outcome: StepOutcome
  try {
    await attempt(step, { ...host, signal, report, traceUrl: observer?.traceUrl }, timing)
    if (failedChecks.length > 0) throw dagmaError('DAGMA_CHECKS_FAILED', { checks: failedChecks })
    outcome = { status: 'success' }
  } catch (error) {
    outcome = stepFailure(step, error, {
      canceled: host.signal.aborted,
      timedOut: timeout?.aborted === true,
      retryNumber: host.retryNumber,
    })
  } finally {
    over = true
  }
  observer?.end({ status: outcome.status, latencyMs: timing.latencyMs, error: 'error' in outcome ? outcome.error : undefined })
  return outcome
}

async function attempt(step: Step, host: AttemptHost, timing: { latencyMs: number }): Promise<void> {
  host.signal.throwIfAborted()
  const attemptBegan = performance.now()
  const config = await untilAborted(validatedConfig(step, host.config), host.signal)
  const given = Promise.all([loadInputs(step, host), host.resources.clients(Object.keys(step.resources))])
  const [inputs, resources] = await untilAborted(given, host.signal)
  host.signal.throwIfAborted()
  const context = stepContext(step, host, { inputs, resources, config })
  const began = performance.now()
  const returned = await untilAborted(callUser(step, context), host.signal).finally(() => {
    timing.latencyMs = performance.now() - began
  })
  host.signal.throwIfAborted()
  expectWithinLimit(step, performance.now() - attemptBegan)
  await untilAborted(reportResult(step, host, { returned, latencyMs: timing.latencyMs }), host.signal)
}

/** A function that never pauses keeps the time limit from firing: that it was exceeded is found when it has ended. */
function expectWithinLimit(step: Step, tookMs: number): void {
  if (step.timeoutSeconds !== undefined && tookMs > step.timeoutSeconds * 1000)
    throw dagmaError('DAGMA_TIMEOUT', { step: stepLabel(step), seconds: step.timeoutSeconds, neverPaused: true })
}

function stepContext(step: Step, host: StepHost, given: Pick<StepContext, 'inputs' | 'resources' | 'config'>): StepContext & StepExtras {
  const { runId, jobName, retryNumber, runTags, partitionKey, signal, values } = host
  const assetKey = step.assets[0]?.key ?? step.checks[0]?.asset ?? []
  const partitions = (step.assets[0] ?? host.definitions.assets.get(keyText(assetKey)))?.partitions
  return {
    ...given,
    runId,
    jobName,
    retryNumber,
    runTags,
    signal,
    assetKey,
    log: stepLog(host),
    addDynamicPartitions: (partitions, keys) => host.report(dynamicPartitionsReport({ partitions, add: keys })),
    deleteDynamicPartitions: (partitions, keys) => host.report(dynamicPartitionsReport({ partitions, remove: keys })),
    hasPartitionKey: partitions !== undefined && partitionKey !== undefined,
    get partitionKeyRange() {
      return this.partitionKey === undefined ? undefined : { start: this.partitionKey, end: this.partitionKey }
    },
    get partitionTimeWindow() {
      return this.partitionKeyRange && partitionTimeWindow(partitions, this.partitionKeyRange)
    },
    get partitionKeys() {
      return this.partitionKey === undefined ? undefined : keysByDimension(partitions, this.partitionKey)
    },
    get nonexistentUpstreamPartitions() {
      const keys = partitionKey === undefined ? [] : [partitionKey]
      return nonexistentInputs(step, host.definitions, keys, { now: host.now(), dynamicKeys: host.dynamicKeys })
    },
    get partitionKey() {
      if (partitions === undefined) return undefined
      if (partitionKey === undefined && step.kind !== 'check') throw dagmaError('DAGMA_NOT_PARTITIONED', { step: stepLabel(step) })
      return partitionKey
    },
    selected: new Set((step.partNames ?? []).filter((_, index) => host.selected.has(keyText(step.assets[index]?.key ?? [])))),
    load: async () => {
      const partition = partitionOf(host.definitions.assets, assetKey, partitionKey)
      if (partition === undefined && partitions !== undefined) throw dagmaError('DAGMA_NOT_PARTITIONED', { step: stepLabel(step) })
      return values.load({ assetKey, partitionKey: partition, runId, signal }, `Check "${step.checks[0]?.name}"`)
    },
  }
}

async function loadInputs(step: Step, host: StepHost): Promise<Record<string, unknown>> {
  const { values, runId, signal } = host
  const who = `Step "${stepLabel(step)}"`
  const load = async ([name, dep]: [string, Step['inputs'][string]]): Promise<[string, unknown]> => {
    const own = { partitions: step.assets[0]?.partitions, key: host.partitionKey }
    const upstream = upstreamPartitions(dep, host.definitions, own, { now: host.now(), dynamicKeys: host.dynamicKeys })
    const context = { assetKey: dep.key, runId, signal }
    if ('one' in upstream) return [name, await values.load({ ...context, partitionKey: upstream.one }, who)]
    return [name, await values.loadPartitions(context, upstream.many, who)]
  }
  return Object.fromEntries(await loadedInputs(who, Object.entries(step.inputs).map(load)))
}

/** The config that the step's function gets, defaults filled in. @throws DAGMA_CONFIG_INVALID with every field that is wrong. */
export async function validatedConfig(
  step: Pick<Step, 'kind' | 'name' | 'assets' | 'checks' | 'config'>,
  entered: unknown,
): Promise<unknown> {
  if (step.config === undefined) return undefined
  const result = await step.config['~standard'].validate(entered ?? {})
  const issues = configIssues(step.config, entered, result)
  if (result.issues !== undefined || issues.length > 0) throw dagmaError('DAGMA_CONFIG_INVALID', { step: stepLabel(step), issues })
  return result.value
}

/** The one boundary to the user's code: what it throws is marked as the user's. */
async function callUser(step: Step, context: StepContext & StepExtras): Promise<unknown> {
  try {
    return await step.run(context)
  } catch (error) {
    throw dagmaError('DAGMA_STEP_FAILED', { step: stepLabel(step), reason: reasonOf(error) }, error)
  }
}

function stepLog(host: StepHost): StepLog {
  return gatedLog((level, message) => host.report({ type: 'log', level, message }))
}
