import type { Step } from '../../definitions/assets/step.ts'
import { learnEnvironment } from '../../metadata/redaction/secret-values.ts'
import { attemptStep } from './attempt.ts'
import { observeStep } from './instrumentation.ts'
import { runPartitions } from './partitions-runner.ts'
import type { StepHost, StepOutcome } from './step-host.ts'

/**
 * Runs one attempt of a step: config, inputs, resources, the user's function, values stored, results reported; in a run of several partitions, for
 * each that is missing. Never throws.
 */
export async function runStep(step: Step, host: StepHost): Promise<StepOutcome> {
  learnEnvironment()
  return observeStep(host.observer, step, host.retryNumber, async (observer) => {
    const attempted = { ...host, traceUrls: observer?.traceUrls ?? {}, reported: observer?.reported, modelCalled: observer?.modelCalled }
    const { outcome, latencyMs } = await (host.partitions === undefined
      ? attemptStep(step, attempted)
      : runPartitions(step, attempted, host.partitions))
    observer?.end({ status: outcome.status, latencyMs, error: 'error' in outcome ? outcome.error : undefined })
    return outcome
  })
}
