import { keyText } from '../definitions/assets/asset-key.ts'
import type { AssetNode } from '../definitions/model.ts'
import type { PartitionsDefinition } from '../definitions/partitions/partition-types.ts'
import { keysBetween, type PartitionsAt, partitionKeys } from '../definitions/partitions/partitions.ts'
import type { EventLog } from './event-log.ts'
import type { Run } from './events.ts'

/**
 * The status of a partition, as in Dagster. `failed`: the last run that should have materialized it failed before it did; `materialized`: it was
 * materialized, and no such failure followed; `missing`: neither.
 */
export type PartitionState = 'materialized' | 'missing' | 'failed'

/** The partitions of an asset, in order, with their states. */
export interface PartitionStatus {
  readonly asset: string
  readonly states: ReadonlyMap<string, PartitionState>
}

/** The states of the partitions of assets; those without partitions are left out. */
export function partitionStatus(log: EventLog, assets: readonly AssetNode[], at: PartitionsAt): PartitionStatus[] {
  const unsuccessful = log.unsuccessfulPartitionRuns()
  return assets.flatMap(({ key, partitions, step }) => {
    if (partitions === undefined) return []
    const asset = keyText(key)
    const materialized = log.materializedPartitions(asset)
    const failed = new Set<string>()
    for (const { run, firstEvent } of unsuccessful) {
      if (step === undefined || !run.steps.includes(step.name) || !run.assetKeys.includes(asset)) continue
      for (const partition of partitionsOf(run, partitions, at)) {
        if (run.status === 'FAILURE' && (materialized.get(partition) ?? 0) < firstEvent) failed.add(partition)
        else failed.delete(partition)
      }
    }
    const stateOf = (one: string): PartitionState => (failed.has(one) ? 'failed' : materialized.has(one) ? 'materialized' : 'missing')
    return [{ asset, states: new Map(partitionKeys(partitions, at).map((one) => [one, stateOf(one)])) }]
  })
}

function partitionsOf(
  { partitionKey, partitionKeyRange: range }: Run,
  partitions: PartitionsDefinition,
  at: PartitionsAt,
): readonly string[] {
  if (range !== null) return keysBetween(partitions, { from: range.start, to: range.end }, at)
  return partitionKey === null ? [] : [partitionKey]
}

/** How many partitions are in each state. */
export function countStates({ states }: PartitionStatus): { readonly [State in PartitionState]: number } {
  const counts = { materialized: 0, missing: 0, failed: 0 }
  for (const state of states.values()) counts[state] += 1
  return counts
}
