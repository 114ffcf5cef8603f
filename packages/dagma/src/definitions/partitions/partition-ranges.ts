import type { PartitionKeyRange } from './partition-context.ts'
import type { PartitionsDefinition } from './partition-types.ts'
import { type PartitionsAt, partitionKeys } from './partitions.ts'

/** The ranges that hold exactly these keys, as `partitionRange` reads a range. `keys` are in the definition's order. */
export function partitionRanges(partitions: PartitionsDefinition, keys: readonly string[], at: PartitionsAt): readonly PartitionKeyRange[] {
  const places = new Map(partitionKeys(partitions, at).map((key, index) => [key, index]))
  // A range of two dimensions is a rectangle, so one that continues where the first dimension's key changes would hold other keys.
  const row = (key: string): string => (partitions.kind === 'multi' ? key.slice(0, key.indexOf('|')) : '')
  const ranges: { start: string; end: string }[] = []
  for (const key of keys) {
    const last = ranges.at(-1)
    const follows = last !== undefined && places.get(key) === (places.get(last.end) ?? Number.NaN) + 1 && row(key) === row(last.end)
    if (follows) last.end = key
    else ranges.push({ start: key, end: key })
  }
  return ranges
}

/** A range as the command line takes it: one key, or the first and the last. */
export function rangeText({ start, end }: PartitionKeyRange): string {
  return start === end ? start : `${start}...${end}`
}
