import { keyText } from '../definitions/assets/asset-key.ts'
import type { IOContext, IOManager } from '../definitions/assets/io-manager.ts'
import type { Definitions } from '../definitions/model.ts'
import { hasPartition, type PartitionsAt } from '../definitions/partitions/partitions.ts'

/** Values that a test gives, by key text: of a partitioned asset the value of each partition by its key, or one that every partition has. */
export type GivenValues = { readonly [asset: string]: unknown }

/** An IO manager that has the given values, and keeps all others with `kept`, which gives them back as it would have stored them. */
export async function withGivenValues(kept: IOManager, values: GivenValues, { assets }: Definitions, at: PartitionsAt): Promise<IOManager> {
  const { signal } = new AbortController()
  const forEveryPartition = new Set<string>()
  for (const [asset, value] of Object.entries(values)) {
    const node = assets.get(asset)
    if (node === undefined) continue
    const hasKey = (key: string): boolean => node.partitions !== undefined && hasPartition(node.partitions, key, at)
    const store = (partitionKey: string | undefined, one: unknown) =>
      kept.handleOutput({ assetKey: node.key, partitionKey, runId: '', signal }, one)
    if (isByPartition(value, hasKey)) {
      for (const [key, one] of Object.entries(value)) await store(key, one)
    } else {
      forEveryPartition.add(asset)
      await store(undefined, value)
    }
  }
  const loadInput = async (context: IOContext) => {
    const own = await kept.loadInput(context)
    if (own !== undefined || !forEveryPartition.has(keyText(context.assetKey))) return own
    return kept.loadInput({ ...context, partitionKey: undefined })
  }
  return { handleOutput: kept.handleOutput, loadInput }
}

function isByPartition(value: unknown, hasKey: (key: string) => boolean): value is { readonly [partitionKey: string]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every(hasKey)
}
