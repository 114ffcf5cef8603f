import { keyText } from '../../definitions/assets/asset-key.ts'
import type { StepFailure } from '../../runtime/step/step-failure.ts'
import type { EndedPartition, ResultReport, StepPartitions } from '../../runtime/step/step-host.ts'
import type { MessageSender } from '../pipes/message-sender.ts'
import { wireStored } from './materializations.ts'

interface Sending {
  readonly keys: readonly string[]
  readonly givenUp: Map<string, StepFailure>
  /** Takes what is logged of a partition that failed. */
  readonly session: MessageSender
  readonly send: (message: PartitionMessage) => void
}

/** The fields of a `partition` message that the step supplies. */
interface PartitionMessage {
  readonly partition_key: string
  /** Whether the partition failed, although it has results: a blocking check did. Then they are not what makes it. */
  readonly failed: boolean
  readonly dynamic_partitions: readonly object[]
  readonly results: readonly object[]
}

/** The partitions of a step in a run of several: each is one message when it ends, and is recorded when the host has said so. */
export class SentPartitions implements StepPartitions {
  readonly keys: readonly string[]
  readonly givenUp: Map<string, StepFailure>
  readonly #session: MessageSender
  readonly #send: Sending['send']
  readonly #unrecorded: (() => void)[] = []

  constructor({ keys, givenUp, session, send }: Sending) {
    this.keys = keys
    this.givenUp = givenUp
    this.#session = session
    this.#send = send
  }

  async record({ partitionKey, results, changes, failure }: EndedPartition): Promise<void> {
    if (failure !== undefined) this.#session.logGated('error', `[${partitionKey}] ${failure.error.name}: ${failure.error.message}`)
    const made = failure === undefined ? changes : []
    if (results.length === 0 && made.length === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#unrecorded.push(resolve)
    this.#send({
      partition_key: partitionKey,
      failed: failure !== undefined,
      dynamic_partitions: made.map(({ partitions, add, remove }) => ({ partitions, add, remove })),
      results: results.map(wireResult),
    })
    await promise
  }

  /** The host has recorded that many more, in the order in which they were sent. */
  recorded(count: number): void {
    for (const resolve of this.#unrecorded.splice(0, count)) resolve()
  }
}

function wireResult(result: ResultReport): object {
  const { type, metadata } = result
  const asset_key = keyText(result.assetKey)
  if (result.type !== 'check') {
    const { dataVersion: data_version = null, stored } = result
    return { type, asset_key, metadata, data_version, stored: stored === undefined ? null : wireStored(stored) }
  }
  const { check, passed, severity, description = null } = result
  return { type, asset_key, check_name: check, passed, severity, description, metadata }
}
