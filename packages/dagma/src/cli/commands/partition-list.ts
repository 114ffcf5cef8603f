import { Command } from 'commander'
import { dynamicNames } from '../../definitions/partitions/dynamic-names.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printLine } from '../terminal/output.ts'
import { readLog } from '../terminal/read-log.ts'
import { expectDynamicPartitions } from './partition-change.ts'

/** `dagma partition list` */
export function partitionListCommand(): Command {
  return new Command('list')
    .description('List the keys of dynamic partitions of the embedded engine, oldest first.')
    .argument('[name]', 'name of the dynamic partitions (default: all)')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (name: string | undefined, options: ModuleOption & JsonOption) => {
      const { project, definitions } = await loadProject(options)
      if (name !== undefined) expectDynamicPartitions(name, definitions)
      const names = name === undefined ? dynamicNames(definitions) : [name]
      const lists = readLog(project.folder, (log) => names.map((one) => ({ partitions: one, partitionKeys: log.dynamicPartitions(one) })))
      if (options.json) return printJson(name === undefined ? lists : lists[0])
      for (const { partitions, partitionKeys } of lists) {
        if (name === undefined) printLine(`${partitions} (${partitionKeys.length})`)
        for (const key of partitionKeys) printLine(name === undefined ? `  ${key}` : key)
      }
    })
}
