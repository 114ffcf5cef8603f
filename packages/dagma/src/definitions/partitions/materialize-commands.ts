import { shellWord } from '../../shell-word.ts'
import type { PartitionsDefinition } from './partition-types.ts'
import { type PartitionsAt, partitionKeys } from './partitions.ts'

/** The commands that materialize partitions of assets, to be shown: one for each range without gaps. */
export function materializeCommands(
  assets: readonly string[],
  partitions: PartitionsDefinition | undefined,
  keys: readonly string[],
  at: PartitionsAt,
): string[] {
  const command = `dagma asset materialize --select ${shellWord(assets.join(','))}`
  if (partitions === undefined) return [command]
  if (keys.length === 0) return [`${command} --partition <key>`]
  const all = new Map(partitionKeys(partitions, at).map((key, index) => [key, index]))
  return rangesOf(keys, all).map(([first, last]) =>
    first === last ? `${command} --partition ${shellWord(first)}` : `${command} --partition-range ${shellWord(`${first}...${last}`)}`,
  )
}

/** First and last key of each range without gaps, in the order of `keys`. */
function rangesOf(keys: readonly string[], places: ReadonlyMap<string, number>): [first: string, last: string][] {
  const ranges: [first: string, last: string][] = []
  for (const key of keys) {
    const range = ranges.at(-1)
    if (range !== undefined && places.get(key) === (places.get(range[1]) ?? Number.NaN) + 1) range[1] = key
    else ranges.push([key, key])
  }
  return ranges
}
