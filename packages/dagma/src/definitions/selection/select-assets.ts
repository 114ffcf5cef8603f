import { keyText } from '../assets/asset-key.ts'
import type { AssetNode } from '../model.ts'
import { evaluate } from './evaluate.ts'
import { assetGraph, type SelectableAsset } from './graph.ts'
import { parseSelection } from './parse.ts'

/**
 * The keys of the assets that `selection` names, in the order of `assets`. The syntax is Dagster's (`key:"a"+ and not group:llm`), and a plain
 * list of names (`a,b`); text without anything in it selects nothing. See `docs/guide/selection.md`.
 * @throws DAGMA_SELECTION_SYNTAX when it cannot be read.
 * @throws DAGMA_SELECTION_UNKNOWN when a name, or a `key:` without "*", matches no asset. Other filters may match nothing.
 */
export function selectAssets(selection: string, assets: ReadonlyMap<string, AssetNode>): string[] {
  const names = new Set(selection.split(','))
  if ([...names].every((name) => assets.has(name))) return [...assets.keys()].filter((key) => names.has(key))
  const parsed = parseSelection(selection)
  if (parsed === undefined) return []
  const selected = evaluate(parsed, assetGraph([...assets].map(([key, asset]) => selectable(key, asset))), selection)
  return [...assets.keys()].filter((key) => selected.has(key))
}

function selectable(key: string, asset: AssetNode): SelectableAsset {
  return {
    key,
    group: asset.group,
    // Every asset shows this kind in Dagster, beside its own.
    kinds: ['typescript', ...asset.kinds],
    tags: asset.tags,
    owners: asset.owners,
    external: asset.step === undefined || asset.step.kind === 'observe',
    upstream: asset.deps.map((dep) => keyText(dep.key)),
  }
}
