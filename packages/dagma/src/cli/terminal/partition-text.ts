import { rangeText } from '../../definitions/partitions/partition-ranges.ts'
import type { Run } from '../../engine/events.ts'

/** The partitions of a run in a line; null of one without. */
export function partitionText({ partitionKey, partitionKeyRange: range }: Pick<Run, 'partitionKey' | 'partitionKeyRange'>): string | null {
  return range === null ? partitionKey : rangeText(range)
}
