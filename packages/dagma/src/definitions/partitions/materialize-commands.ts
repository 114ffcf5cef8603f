import { shellWord } from '../../shell-word.ts'
import { type PartitionsAt, type PartitionsDefinition, partitionKeys } from './partitions.ts'

/** The commands that materialize partitions of assets, to be shown: one for a range without gaps, otherwise one for each key. */
export function materializeCommands(
  assets: readonly string[],
  partitions: PartitionsDefinition | undefined,
  keys: readonly string[],
  at: PartitionsAt,
): string[] {
  const command = `dagma asset materialize --select ${shellWord(assets.join(','))}`
  const [first, ...others] = keys
  if (partitions === undefined) return [command]
  if (first === undefined) return [`${command} --partition <key>`]
  if (others.length === 0) return [`${command} --partition ${shellWord(first)}`]
  const all = partitionKeys(partitions, at)
  const start = all.indexOf(first)
  if (keys.every((key, index) => all[start + index] === key))
    return [`${command} --partition-range ${shellWord(`${first}...${others.at(-1)}`)}`]
  return keys.map((key) => `${command} --partition ${shellWord(key)}`)
}
