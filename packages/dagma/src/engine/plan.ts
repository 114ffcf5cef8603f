import { type Asset, upstreamKeys } from '../definitions/asset.ts'
import { keyText } from '../definitions/asset-key.ts'
import type { Definitions } from '../definitions/definitions.ts'
import { dagmaError } from '../errors.ts'
import { validatedConfig } from '../runtime/step-runner.ts'

/** A step of a run that is to be. */
export interface PlannedStep {
  /** Key text of the asset. */
  readonly key: string
  readonly asset: Asset
  /** Steps of the same run that come before this one. */
  readonly after: readonly string[]
  /** Config as entered. */
  readonly config: unknown
}

/** Run config as entered: for each asset, by key text, its config. */
export type RunConfig = { readonly [asset: string]: unknown }

/**
 * What a run of the selected assets does. Pure, but for the validation of config.
 * @throws DAGMA_CONFIG_INVALID, DAGMA_CONFIG_UNKNOWN
 */
export async function planRun(definitions: Definitions, assetKeys: readonly string[], config: RunConfig = {}): Promise<PlannedStep[]> {
  const selected = new Set(assetKeys)
  for (const name of Object.keys(config)) {
    const asset = definitions.assets.get(name)
    if (asset === undefined || !selected.has(name))
      throw dagmaError('DAGMA_CONFIG_UNKNOWN', { asset: name, reason: 'which is not selected' })
    if (asset.config === undefined) throw dagmaError('DAGMA_CONFIG_UNKNOWN', { asset: name, reason: 'which takes none' })
  }
  const steps: PlannedStep[] = []
  for (const [key, asset] of definitions.assets) {
    if (!selected.has(key)) continue
    await validatedConfig(asset, config[key])
    steps.push({
      key,
      asset,
      after: upstreamKeys(asset)
        .map(keyText)
        .filter((upstream) => selected.has(upstream)),
      config: config[key],
    })
  }
  return steps
}
