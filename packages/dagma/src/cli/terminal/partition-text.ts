import type { PartitionKeyRange } from '../../definitions/partitions/partition-context.ts'
import type { Run } from '../../engine/events.ts'

/** The partitions of a run in a line; null of one without. */
export function partitionText({ partitionKey, partitionKeyRange: range }: Pick<Run, 'partitionKey' | 'partitionKeyRange'>): string | null {
  return range === null ? partitionKey : rangeText(range)
}

/** Several partitions in a line, as `--partition-range` takes them. */
export function rangeText({ start, end }: PartitionKeyRange): string {
  return `${start}...${end}`
}
