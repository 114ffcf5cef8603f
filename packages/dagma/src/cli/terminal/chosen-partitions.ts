import { type Command, Option } from 'commander'
import { keyText } from '../../definitions/assets/asset-key.ts'
import type { AssetNode, Definitions } from '../../definitions/model.ts'
import { hasPartition, type PartitionsAt, partitionKeys, partitionRange } from '../../definitions/partitions/partitions.ts'
import { selectAssets } from '../../definitions/selection/select-assets.ts'
import { selectionText } from '../../definitions/selection/selection-text.ts'
import { expectJob, partitionsAt } from '../../engine/materialize-with.ts'
import { partitionStatus } from '../../engine/partition-status.ts'
import { planRange, type RangePlan } from '../../engine/plan-range.ts'
import type { MaterializeOptions } from '../../engine/run-options.ts'
import { dagmaError } from '../../errors.ts'
import { readLog } from './read-log.ts'

/** Which partitions a command is to run. */
export interface PartitionOptions {
  partition?: string
  partitionRange: readonly string[]
  missing?: boolean
  failed?: boolean
}

/** Gives `command` the options that name partitions. */
export function withPartitionOptions(command: Command): Command {
  const collect = (text: string, before: readonly string[]): readonly string[] => [...before, text]
  return command
    .addOption(new Option('--partition <key>', 'the partition to materialize').conflicts(['partitionRange', 'missing', 'failed']))
    .addOption(
      new Option(
        '--partition-range <from...to>',
        'the partitions to materialize, both ends included, as many in a run as backfillPolicy allows; can be repeated, and take a list a...b,c,d...e',
      )
        .argParser(collect)
        .default([], 'none'),
    )
}

/** Gives `command` the options that choose partitions by their state. */
export function withStateOptions(command: Command): Command {
  return command
    .option('--missing', 'of the range, or of all partitions: those that are missing')
    .option('--failed', 'of the range, or of all partitions: those whose last run failed')
}

/** The partitions of the ranges and states that the options name, in order, for one run each; undefined when they name none. */
export function chosenPartitions(
  projectFolder: string,
  definitions: Definitions,
  { selection, job }: Pick<MaterializeOptions, 'selection' | 'job'>,
  { partitionRange: ranges, missing = false, failed = false }: PartitionOptions,
): RangePlan['runs'] | undefined {
  const byState = missing || failed
  if (ranges.length === 0 && !byState) return undefined
  const selected =
    job === undefined ? selectAssets(selectionText(selection ?? '*'), definitions.assets) : expectJob(definitions, job).assetKeys
  const assets = selected.flatMap((key) => definitions.assets.get(key) ?? []).filter(({ partitions }) => partitions !== undefined)
  const [first] = assets
  if (first?.partitions === undefined)
    throw dagmaError('DAGMA_PARTITION_WITHOUT_PARTITIONS', { partition: ranges.join(',') || 'missing or failed' })
  const at = partitionsAt(projectFolder)
  const all = partitionKeys(first.partitions, at)
  const inRanges = new Set(ranges.flatMap((text) => keysOf(text, first, at)))
  const keys = ranges.length === 0 ? all : all.filter((key) => inRanges.has(key))
  const runsOf = (chosen: readonly string[]): RangePlan['runs'] => planRange(definitions, selected, chosen, at).runs
  if (!byState) return runsOf(keys)
  const made = assets.filter(({ step }) => step?.kind === 'materialize')
  const statuses = readLog(projectFolder, (log) => partitionStatus(log, made, at))
  const isChosen = (state: string | undefined): boolean => (missing && state === 'missing') || (failed && state === 'failed')
  return runsOf(keys.filter((key) => statuses.some(({ states }) => isChosen(states.get(key)))))
}

/** The keys of one `--partition-range`: a range, a key, or a list of these. A text that is a key or a range as it stands is not split at its commas. */
function keysOf(text: string, node: AssetNode, at: PartitionsAt): readonly string[] {
  const { partitions } = node
  if (partitions === undefined) return []
  const ends = (part: string): readonly string[] => part.split('...')
  const isOne = ends(text).length <= 2 && ends(text).every((key) => hasPartition(partitions, key, at))
  return (isOne ? [text] : text.split(',')).flatMap((part) => {
    const [from = '', to = from, more] = ends(part)
    if (from === '' || to === '' || more !== undefined)
      throw dagmaError('DAGMA_OPTION_INVALID', {
        option: '--partition-range',
        reason: `must be a partition, two with "..." between them, or a list of these with commas, not "${part}"`,
      })
    return partitionRange(partitions, { from, to }, { asset: keyText(node.key), ...at })
  })
}
