import { Command } from 'commander'
import { keyText } from '../../definitions/assets/asset-key.ts'
import { selectAssets } from '../../definitions/selection/select-assets.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption } from '../terminal/options.ts'
import { printJson, printTable } from '../terminal/output.ts'

/** `dagma asset list` */
export function assetListCommand(): Command {
  return new Command('list')
    .description('List assets.')
    .option('-s, --select <selection>', 'only these assets, in Dagster’s selection syntax')
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async ({ select, ...options }: ModuleOption & JsonOption & { select?: string }) => {
      const { definitions } = await loadProject(options)
      const keys = select === undefined ? [...definitions.assets.keys()] : selectAssets(select, definitions.assets)
      const rows = keys.flatMap((key) => {
        const asset = definitions.assets.get(key)
        return asset === undefined ? [] : [{ key, group: asset.group, upstream: asset.deps.map((dep) => keyText(dep.key)) }]
      })
      if (options.json) printJson(rows)
      else
        printTable(
          ['ASSET', 'GROUP', 'UPSTREAM'],
          rows.map((row) => [row.key, row.group, row.upstream.join(', ')]),
          'UPSTREAM',
        )
    })
}
