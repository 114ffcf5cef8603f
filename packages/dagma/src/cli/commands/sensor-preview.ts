import { Command } from 'commander'
import { dynamicNames } from '../../definitions/partitions/dynamic-names.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson } from '../terminal/output.ts'
import { printTick, tickDocument } from '../terminal/print-tick.ts'
import { readLog } from '../terminal/read-log.ts'
import { evaluateTick } from './tick.ts'

/** `dagma sensor preview` */
export function sensorPreviewCommand(): Command {
  return new Command('preview')
    .description('Evaluate one tick of a sensor. Launches no run.')
    .argument('<sensor>', 'name of the sensor')
    .option('--cursor <text>', 'the cursor of the previous tick')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (name: string, options: ModuleOption & JsonOption & { cursor?: string }) => {
      const { project, definitions } = await loadProject(options)
      const names = dynamicNames(definitions)
      const dynamic_partitions = readLog(project.folder, (log) => Object.fromEntries(names.map((one) => [one, log.dynamicPartitions(one)])))
      const host = { definitions, projectFolder: project.folder, signal: new AbortController().signal }
      const tick = await evaluateTick({ kind: 'sensor', name, cursor: options.cursor ?? null, dynamic_partitions }, host)
      if (options.json) printJson(tickDocument(tick))
      else printTick(tick)
    })
}
