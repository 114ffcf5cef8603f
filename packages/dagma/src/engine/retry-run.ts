import { keyText } from '../definitions/assets/asset-key.ts'
import type { Definitions } from '../definitions/model.ts'
import type { PartitionsAt } from '../definitions/partitions/partitions.ts'
import { dagmaError } from '../errors.ts'
import { redacted } from '../metadata/redaction/mark.ts'
import type { Run, RunEvent } from './events.ts'
import type { MaterializedPartitions } from './materialized-partitions.ts'
import { type PlannedStep, planSteps } from './plan.ts'
import { keysOfRange } from './plan-range.ts'

/** The run that is retried. */
export interface Retried {
  /** By which its steps succeeded. */
  readonly ended: readonly RunEvent[]
  readonly made: MaterializedPartitions
  /** Which partitions there are. */
  readonly at: PartitionsAt
}

/**
 * Plans the unfinished steps of a run. @throws DAGMA_RUN_NOT_RETRYABLE when the run is still running, succeeded, has steps
 * that are no longer in definitions(), or needs config that held a secret, which the event log did not keep
 */
export async function unfinishedSteps(definitions: Definitions, parent: Run, { ended, made, at }: Retried): Promise<PlannedStep[]> {
  const notRetryable = (reason: string): Error => dagmaError('DAGMA_RUN_NOT_RETRYABLE', { run: parent.runId, reason })
  if (parent.status === 'STARTED') throw notRetryable('it is still running')
  if (parent.status === 'SUCCESS') throw notRetryable('it succeeded')
  if (parent.pruned) throw notRetryable('its events were pruned')
  const finished = new Set(ended.flatMap((event) => (event.type === 'STEP_SUCCESS' ? [event.step] : [])))
  const missing = parent.steps.find((name) => !definitions.steps.has(name))
  if (missing !== undefined) throw notRetryable(`its step "${missing}" is no longer defined`)
  const unfinished = [...definitions.steps.values()].filter(({ name }) => parent.steps.includes(name) && !finished.has(name))
  const names = new Set(unfinished.flatMap((step) => [step.name, ...step.assets.map((spec) => keyText(spec.key))]))
  const config = Object.fromEntries(Object.entries(parent.config).filter(([name]) => names.has(name)))
  const withSecret = Object.keys(config).find((name) => JSON.stringify(config[name]).includes(redacted))
  if (withSecret !== undefined)
    throw notRetryable(`the config of "${withSecret}" held a secret, which was not kept; launch it again with its config`)
  const keys = parent.partitionKeyRange === null ? undefined : keysOfRange(definitions, parent.assetKeys, parent.partitionKeyRange, at)
  return planSteps(definitions, unfinished, {
    keys: new Set(parent.assetKeys),
    config,
    partitionKeysOf: ({ name }) => keys?.filter((key) => !made.get(name)?.has(key)),
  })
}
