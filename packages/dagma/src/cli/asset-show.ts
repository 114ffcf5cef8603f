import { Command } from 'commander'
import { keyText } from '../definitions/asset-key.ts'
import { nearestName } from '../definitions/nearest-name.ts'
import { EventLog } from '../engine/event-log.ts'
import { dagmaError } from '../errors.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from './options.ts'
import { printJson, printLine, printMetadata } from './output.ts'

/** `dagma asset show` */
export function assetShowCommand(): Command {
  return new Command('show')
    .description('Show an asset and its latest materialization.')
    .argument('<asset>', 'key of the asset')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async (key: string, options: ModuleOption & JsonOption) => {
      const { project, definitions } = await loadProject(options)
      const asset = definitions.assets.get(key)
      if (asset === undefined)
        throw dagmaError('DAGMA_ASSET_UNKNOWN', { asset: key, nearest: nearestName(key, [...definitions.assets.keys()]) })
      using log = EventLog.open(project.folder)
      const latest = log.latestMaterialization(key)
      const upstream = asset.deps.map((dep) => keyText(dep.key))
      if (options.json) {
        printJson({ key, group: asset.group, description: asset.description ?? null, upstream, latest_materialization: latest ?? null })
        return
      }
      printLine(`${key}  (group ${asset.group})`)
      if (asset.description !== undefined) printLine(`  ${asset.description}`)
      printLine(`  made from: ${upstream.length === 0 ? 'nothing' : upstream.join(', ')}`)
      printLine(
        latest === undefined ? '  never materialized' : `  materialized ${new Date(latest.time).toISOString()} in run ${latest.runId}`,
      )
      if (latest !== undefined) printMetadata(latest.metadata)
    })
}
