import { dagmaError } from '../errors.ts'
import type { Asset } from './asset.ts'
import { nearestName } from './nearest-name.ts'

/**
 * The keys of the assets that `selection` names, in the order of `assets`.
 * @throws DAGMA_SELECTION_UNKNOWN when a name matches no asset.
 */
export function selectAssets(selection: string, assets: ReadonlyMap<string, Asset>): string[] {
  const wanted = new Set(selection.split(',').map((part) => part.trim()).filter((part) => part !== ''))
  for (const name of wanted) {
    if (!assets.has(name)) throw dagmaError('DAGMA_SELECTION_UNKNOWN', { selection, unknown: name, nearest: nearestName(name, [...assets.keys()]) })
  }
  return [...assets.keys()].filter((key) => wanted.has(key))
}
