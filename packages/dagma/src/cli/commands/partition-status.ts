import { Command } from 'commander'
import { partitionRanges, rangeText } from '../../definitions/partitions/partition-ranges.ts'
import type { PartitionsDefinition } from '../../definitions/partitions/partition-types.ts'
import type { PartitionsAt } from '../../definitions/partitions/partitions.ts'
import { selectAssets } from '../../definitions/selection/select-assets.ts'
import { partitionsAt } from '../../engine/materialize-with.ts'
import { countStates, type PartitionState, type PartitionStatus, partitionStatus } from '../../engine/partition-status.ts'
import { dagmaError } from '../../errors.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printLine } from '../terminal/output.ts'
import { countsText, partitionsText, statusBar } from '../terminal/partition-texts.ts'
import { readLog } from '../terminal/read-log.ts'

/** `dagma partition status` */
export function partitionStatusCommand(): Command {
  return new Command('status')
    .description('Show which partitions of assets are materialized, missing or failed, as recorded by the embedded engine.')
    .argument('[selection]', 'which assets, in Dagster’s selection syntax', '*')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (selection: string, options: ModuleOption & JsonOption) => {
      const { project, definitions } = await loadProject(options)
      const assets = selectAssets(selection, definitions.assets).flatMap((key) => definitions.assets.get(key) ?? [])
      if (assets.every(({ partitions }) => partitions === undefined))
        throw dagmaError('DAGMA_SELECTION_EMPTY', { what: 'This command', such: 'asset with partitions', selection })
      const at = partitionsAt(project.folder)
      const all = readLog(project.folder, (log) => partitionStatus(log, assets, at))
      if (options.json) return printJson(all.map(statusJson))
      for (const status of all) printStatus(status, definitions.assets.get(status.asset)?.partitions, at)
    })
}

function statusJson(status: PartitionStatus): object {
  const { materialized, missing, failed } = keysByState(status)
  return { asset: status.asset, counts: countStates(status), materialized, missing, failed }
}

function keysByState({ states }: PartitionStatus): { [State in PartitionState]: string[] } {
  const keys: { [State in PartitionState]: string[] } = { materialized: [], missing: [], failed: [] }
  for (const [key, state] of states) keys[state].push(key)
  return keys
}

function printStatus(status: PartitionStatus, partitions: PartitionsDefinition | undefined, at: PartitionsAt): void {
  if (partitions === undefined) return
  printLine(`${status.asset}  (${partitionsText(partitions)})  ${countsText(status)}`)
  if (status.states.size > 0) printLine(`  ${statusBar(status)}`)
  const { materialized: _, ...others } = keysByState(status)
  for (const [state, keys] of Object.entries(others))
    if (keys.length > 0) printLine(`  ${state}: ${listText(partitionRanges(partitions, keys, at).map(rangeText))}`)
}

const shownRanges = 20

function listText(ranges: readonly string[]): string {
  const more = ranges.length - shownRanges
  return `${ranges.slice(0, shownRanges).join(', ')}${more > 0 ? ` and ${more} more ${more === 1 ? 'range' : 'ranges'} (--json lists all)` : ''}`
}
