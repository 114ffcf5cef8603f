import { Command } from 'commander'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson } from '../terminal/output.ts'
import { printTick, tickDocument } from '../terminal/print-tick.ts'
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
      const host = { definitions, projectFolder: project.folder, signal: new AbortController().signal }
      const tick = await evaluateTick({ kind: 'sensor', name, cursor: options.cursor ?? null }, host)
      if (options.json) printJson(tickDocument(tick))
      else printTick(tick)
    })
}
