import { Command } from 'commander'
import { keyText } from '../../definitions/assets/asset-key.ts'
import type { AssetNode, Definitions } from '../../definitions/model.ts'
import { nearestName } from '../../definitions/options/nearest-name.ts'
import { partitionsAt } from '../../engine/materialize-with.ts'
import { countStates, partitionStatus } from '../../engine/partition-status.ts'
import { dagmaError } from '../../errors.ts'
import { gateStaticMetadata } from '../../runtime/gate/exit-gate.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printLine, printMetadata } from '../terminal/output.ts'
import { countsText, partitionsText, statusBar } from '../terminal/partition-texts.ts'
import { readLog } from '../terminal/read-log.ts'

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
      const at = partitionsAt(project.folder)
      const { latest, status } = readLog(project.folder, (log) => ({
        latest: log.latestMaterialization(key),
        status: partitionStatus(log, [asset], at)[0],
      }))
      const facts = factsOf(asset, definitions)
      if (options.json) {
        const metadata = gateStaticMetadata(asset.metadata)
        const partitionCounts = status === undefined ? null : countStates(status)
        printJson({ key, ...facts, partitions: asset.partitions ?? null, partitionCounts, metadata, latestMaterialization: latest ?? null })
        return
      }
      printLine(`${key}  (group ${asset.group})`)
      if (asset.description !== undefined) for (const line of asset.description.split('\n')) printLine(line === '' ? '' : `  ${line}`)
      printLine(`  upstream: ${facts.upstream.length === 0 ? 'none' : facts.upstream.join(', ')}`)
      const { owners, kinds, codeVersion, checks } = facts
      const tags = Object.entries(asset.tags).map(([tag, value]) => (value === '' ? tag : `${tag}=${value}`))
      const listed = {
        owners,
        tags,
        kinds,
        'code version': [codeVersion ?? []].flat(),
        checks,
      }
      for (const [name, items] of Object.entries(listed)) if (items.length > 0) printLine(`  ${name}: ${items.join(', ')}`)
      if (asset.partitions !== undefined && status !== undefined) {
        printLine(`  partitions: ${partitionsText(asset.partitions)}, ${countsText(status)}`)
        if (status.states.size > 0) printLine(`    ${statusBar(status)}`)
      }
      printMetadata(gateStaticMetadata(asset.metadata))
      printLine(
        latest === undefined
          ? '  never materialized'
          : `  ${latest.partition === null ? 'materialized' : `partition ${latest.partition} materialized`} ${new Date(latest.time).toISOString()} in run ${latest.runId}`,
      )
      if (latest !== undefined) printMetadata(latest.metadata)
    })
}

/** The declaration of an asset. */
function factsOf(asset: AssetNode, { checks }: Definitions) {
  const { group, description = null, owners, tags, kinds, codeVersion = null } = asset
  const upstream = asset.deps.map((dep) => keyText(dep.key))
  const own = [...checks.values()].filter((check) => keyText(check.asset) === keyText(asset.key)).map(({ name }) => name)
  return { group, description, upstream, owners, tags, kinds, codeVersion, checks: own }
}
