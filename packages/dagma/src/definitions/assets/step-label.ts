import { keyText } from './asset-key.ts'
import type { Step } from './step.ts'

/** A step as people read it: the key of its asset, `asset:check` for a check in its own step, the name of a multi-asset. */
export function stepLabel({ kind, name, assets, checks }: Pick<Step, 'kind' | 'name' | 'assets' | 'checks'>): string {
  const [asset, ...others] = assets
  const [check] = checks
  if (kind === 'check' && check !== undefined) return `${keyText(check.asset)}:${check.name}`
  return asset === undefined || others.length > 0 ? name : keyText(asset.key)
}
