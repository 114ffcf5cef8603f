import { keyText } from '../assets/asset-key.ts'
import type { AssetRef } from '../assets/asset-spec.ts'

/** A selection in selection syntax, which may be given as a list of assets. */
export function selectionText(selection: string | readonly AssetRef[]): string {
  return typeof selection === 'string' ? selection : selection.map((asset) => keyText(asset.key)).join(',')
}
