import type { Asset } from './asset.ts'
import { checkedName, keyText } from './asset-key.ts'

/** A job: a named selection of assets that is run together. Dagster's asset job. Made by {@link job}. */
export interface Job {
  readonly name: string
  /** In selection syntax. */
  readonly selection: string
  readonly description: string | undefined
}

/**
 * Declares a job over a selection of assets: the assets themselves, or text in Dagster's selection syntax.
 * @throws DAGMA_KEY_INVALID when the name has other characters than letters, digits and "_".
 */
export function job(options: {
  name: string
  selection: string | readonly Asset[]
  /** Markdown shown on the job's page. */
  description?: string
}): Job {
  const { name, selection, description } = options
  return {
    name: checkedName('A job', name),
    selection: typeof selection === 'string' ? selection : selection.map((asset) => keyText(asset.key)).join(','),
    description,
  }
}
