import { shellWord } from '../../shell-word.ts'
import { partitionRanges, rangeText } from './partition-ranges.ts'
import type { PartitionsDefinition } from './partition-types.ts'
import type { PartitionsAt } from './partitions.ts'

/** The command that materializes partitions of assets, to be shown. */
export function materializeCommand(
  assets: readonly string[],
  partitions: PartitionsDefinition | undefined,
  keys: readonly string[],
  at: PartitionsAt,
): string {
  const command = `dagma asset materialize --select ${shellWord(assets.join(','))}`
  if (partitions === undefined) return command
  const [range, ...others] = partitionRanges(partitions, keys, at)
  if (range === undefined) return `${command} --partition <key>`
  if (others.length === 0 && range.start === range.end) return `${command} --partition ${shellWord(range.start)}`
  return `${command}${[range, ...others].map((one) => ` --partition-range ${shellWord(rangeText(one))}`).join('')}`
}
