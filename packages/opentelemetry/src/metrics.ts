import type { Meter } from '@opentelemetry/api'
import type { CallEnd, EndStatus, ModelUse, ObservedRun, ObservedStep, OutgoingCall, StepEnd } from 'dagma/author'

const seconds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 14_400]
const bytes = [2 ** 8, 2 ** 10, 2 ** 12, 2 ** 14, 2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26, 2 ** 28, 2 ** 30]

/** Of how many operations of systems there may be series of their own. */
const mostOperations = 200

/** The metrics, in base units. Their labels have few values: no run, partition, asset or error text is among them. */
export class Metrics {
  readonly #stepDuration
  readonly #outputBytes
  readonly #runs
  readonly #callDuration
  readonly #modelTokens
  readonly #modelCost
  readonly #operations = new Set<string>()

  constructor(meter: Meter) {
    const histogram = (name: string, unit: string, description: string, explicitBucketBoundaries: number[]) =>
      meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries } })
    this.#stepDuration = histogram('dagma_step_duration_seconds', 's', "How long a step's function ran.", seconds)
    this.#outputBytes = histogram('dagma_output_bytes', 'By', 'Size of a stored value.', bytes)
    this.#callDuration = histogram(
      'dagma_call_duration_seconds',
      's',
      'How long a call to another system took, its retries included.',
      seconds,
    )
    this.#modelTokens = meter.createCounter('dagma_model_tokens_total', { unit: '{token}', description: 'Tokens that models took.' })
    this.#modelCost = meter.createCounter('dagma_model_cost_total', {
      description: "What models cost, in the currency of the project's prices.",
    })
    this.#runs = meter.createCounter('dagma_runs_total', { unit: '{run}', description: 'Runs that ended.' })
  }

  runEnded(run: ObservedRun, status: EndStatus): void {
    this.#runs.add(1, { job_name: jobLabel(run), status })
  }

  stepEnded(run: ObservedRun, { group, kind }: ObservedStep, { status, latencyMs }: StepEnd): void {
    this.#stepDuration.record(latencyMs / 1000, { job_name: jobLabel(run), asset_group: group, step_kind: kind, status })
  }

  stored(run: ObservedRun, { group }: ObservedStep, sizeBytes: number): void {
    this.#outputBytes.record(sizeBytes, { job_name: jobLabel(run), asset_group: group })
  }

  modelCalled(run: ObservedRun, { group, owners }: ObservedStep, { model, inputTokens, outputTokens, cost }: ModelUse): void {
    const labels = { job_name: jobLabel(run), asset_group: group, owner: owners[0] ?? 'none', model }
    this.#modelTokens.add(inputTokens, { ...labels, direction: 'input' })
    this.#modelTokens.add(outputTokens, { ...labels, direction: 'output' })
    if (cost !== undefined) this.#modelCost.add(cost, labels)
  }

  callEnded({ system, operation }: OutgoingCall, { status }: CallEnd, durationMs: number): void {
    const known = `${system} ${operation}`
    if (this.#operations.size < mostOperations) this.#operations.add(known)
    const labels = this.#operations.has(known) ? { system, operation } : { system: 'other', operation: 'other' }
    this.#callDuration.record(durationMs / 1000, { ...labels, status })
  }
}

/** Runs of selected assets belong to no job. */
function jobLabel({ jobName }: ObservedRun): string {
  return jobName ?? 'none'
}
