import { defaultPartitionConcurrency } from '../../definitions/assets/backfill.ts'
import type { Step } from '../../definitions/assets/step.ts'
import { stepLabel } from '../../definitions/assets/step-label.ts'
import { dagmaError } from '../../errors.ts'
import { MetadataValue } from '../../metadata/metadata-value.ts'
import { normalize } from '../../metadata/normalize.ts'
import { gateError, gateFailureMetadata } from '../gate/exit-gate.ts'
import { type Attempted, attemptStep, settled } from './attempt.ts'
import { type StepFailure, stepFailure } from './step-failure.ts'
import type { AttemptHost, DynamicPartitionsReport, ResultReport, StepOutcome, StepPartitions } from './step-host.ts'
import type { SharedInputs } from './step-inputs.ts'
import { reportResult, valuesByPartition } from './step-results.ts'
import { untilAborted } from './until-aborted.ts'
import { validatedConfig } from './validated-config.ts'

/** Partitions that have ended and are not yet recorded: more are not begun, so that memory stays flat whatever a host takes to record them. */
const mostUnrecorded = 256

/** Failed partitions that are named in the failure's metadata. */
const mostNamed = 100

/** One attempt of a step in a run of several partitions: each that is missing by itself, or all by a function with `range: true`. Never throws. */
export async function runPartitions(step: Step, host: AttemptHost, partitions: StepPartitions): Promise<Attempted> {
  const began = performance.now()
  const attempt = new PartitionsAttempt(step, host, partitions)
  const outcome = await attempt.run()
  return { outcome, latencyMs: performance.now() - began }
}

/** The reports of a partition, besides its log. */
class PartitionReports {
  readonly results: ResultReport[] = []
  readonly changes: DynamicPartitionsReport[] = []
}

class PartitionsAttempt {
  readonly #step: Step
  readonly #host: AttemptHost
  readonly #partitions: StepPartitions
  readonly #keys: readonly string[]
  /** In this attempt and, where they are not retried, in earlier ones. */
  readonly #failures: Map<string, StepFailure>
  #unrecorded = 0
  #recorded = Promise.withResolvers<void>()
  #broken: { readonly error: unknown } | undefined

  constructor(step: Step, host: AttemptHost, partitions: StepPartitions) {
    this.#step = step
    this.#host = host
    this.#partitions = partitions
    this.#keys = [...partitions.keys]
    this.#failures = new Map(partitions.givenUp)
  }

  async run(): Promise<StepOutcome> {
    const keys = this.#keys.filter((key) => !this.#failures.has(key))
    try {
      await this.#expectReady()
      const failed = this.#step.range && keys.length > 0 ? await this.#runAtOnce(keys) : await this.#runEach(keys)
      await this.#untilRecorded(0)
      if (this.#broken !== undefined) throw this.#broken.error
      this.#host.signal.throwIfAborted()
      return failed ?? this.#outcome()
    } catch (error) {
      const { signal, retryNumber } = this.#host
      return stepFailure(this.#step, error, { canceled: signal.aborted, timedOut: false, retryNumber })
    }
  }

  /** An error that would fail every partition fails the step, once. */
  async #expectReady(): Promise<void> {
    const { signal, config, resources } = this.#host
    await untilAborted(Promise.all([validatedConfig(this.#step, config), resources.clients(Object.keys(this.#step.resources))]), signal)
  }

  async #runEach(keys: readonly string[]): Promise<undefined> {
    const shared: SharedInputs = new Map()
    const waiting = keys.values()
    const work = async (): Promise<void> => {
      for (const key of waiting) {
        if (this.#host.signal.aborted || this.#broken !== undefined) return
        const reported = new PartitionReports()
        const { outcome } = await attemptStep(this.#step, this.#hostOf(key, reported), shared)
        await this.#end(key, reported, outcome)
      }
    }
    await Promise.all(Array.from({ length: this.#step.partitionConcurrency ?? defaultPartitionConcurrency }, work))
  }

  /** A function that fails, or returns no values by key, fails the step; what is wrong with one of the values fails that partition. */
  async #runAtOnce(keys: readonly string[]): Promise<StepOutcome | undefined> {
    const step = this.#step
    const { outcome } = await attemptStep(step, this.#host, undefined, {
      keys,
      deliver: async (host, { returned, latencyMs }) => {
        const values = valuesByPartition(step, returned, keys)
        for (const key of keys) {
          host.signal.throwIfAborted()
          const reported = new PartitionReports()
          const one = { ...this.#hostOf(key, reported), signal: host.signal }
          const ended = await settled(step, one, async (to) => reportResult(step, to, { returned: values(key), latencyMs, spent: {} }))
          await this.#end(key, reported, ended.outcome)
        }
      },
    })
    return outcome.status === 'success' ? undefined : outcome
  }

  #hostOf(partitionKey: string, reported: PartitionReports): AttemptHost {
    const report: AttemptHost['report'] = (item) => {
      if (item.type === 'log' || item.type === 'items') this.#host.report({ ...item, partitionKey })
      else if (item.type === 'dynamic_partitions') reported.changes.push(item)
      else reported.results.push(item)
    }
    return { ...this.#host, partitionKey, report }
  }

  async #end(partitionKey: string, reported: PartitionReports, outcome: StepOutcome): Promise<void> {
    if (outcome.status === 'canceled') return
    const failure = outcome.status === 'failure' ? outcome : undefined
    if (failure !== undefined) {
      this.#failures.set(partitionKey, failure)
      if (!failure.allowRetries) this.#partitions.givenUp.set(partitionKey, failure)
    }
    this.#unrecorded++
    this.#partitions
      .record({ partitionKey, ...reported, failure })
      .then(() => {
        if (failure === undefined) this.#host.items.remove(this.#step.name, partitionKey)
      })
      .catch((error) => {
        this.#broken ??= { error }
      })
      .finally(() => {
        this.#unrecorded--
        this.#recorded.resolve()
        this.#recorded = Promise.withResolvers()
      })
    await this.#untilRecorded(mostUnrecorded - 1)
  }

  /** Waits until at most that many partitions are not recorded, or the step is canceled. */
  async #untilRecorded(most: number): Promise<void> {
    while (this.#unrecorded > most && this.#broken === undefined) await untilAborted(this.#recorded.promise, this.#host.signal, 0)
  }

  #outcome(): StepOutcome {
    const keys = this.#keys.filter((key) => this.#failures.has(key))
    const [first] = keys.flatMap((key) => this.#failures.get(key) ?? [])
    if (first === undefined) return { status: 'success' }
    const error = dagmaError('DAGMA_PARTITIONS_FAILED', { step: stepLabel(this.#step), failed: keys, all: this.#keys.length })
    const wire = { ...gateError(error), cause: first.error }
    const failed = normalize({ failed_partitions: MetadataValue.json(keys.slice(0, mostNamed)) })
    return {
      status: 'failure',
      error: wire,
      thrown: wire,
      allowRetries: keys.some((key) => !this.#partitions.givenUp.has(key)),
      metadata: gateFailureMetadata(failed, { status: 'failure', retryCount: this.#host.retryNumber, error }),
    }
  }
}
