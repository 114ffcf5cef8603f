import { isDeepStrictEqual } from 'node:util'
import { type AssetKey, keyText } from '../definitions/assets/asset-key.ts'
import type { BackfillPolicy } from '../definitions/assets/backfill.ts'
import type { AssetNode, Definitions } from '../definitions/model.ts'
import type { PartitionKeyRange } from '../definitions/partitions/partition-context.ts'
import { partitionRanges } from '../definitions/partitions/partition-ranges.ts'
import { type PartitionsAt, partitionRange } from '../definitions/partitions/partitions.ts'
import { dagmaError } from '../errors.ts'

/** The partitions of a range, for the assets of a run. */
export interface RangePlan {
  /** Partitions for one run each, in order. */
  readonly runs: readonly (readonly string[])[]
  /** The asset that allows the fewest partitions in a run, and how many that are; infinite when all may be made in one. */
  readonly limit: { readonly asset: string; readonly partitions: number }
}

/**
 * Which partitions are made in which run: at most as many in one as each asset with partitions allows, and each time the keys from a first to a last.
 * @throws DAGMA_PARTITION_WITHOUT_PARTITIONS, and what {@link partitionRange} throws
 */
export function planRange(definitions: Definitions, assetKeys: readonly string[], keys: readonly string[], at: PartitionsAt): RangePlan {
  const partitioned = partitionedAssets(definitions, assetKeys)
  const limits = partitioned.map(({ key, step }) => limitOf(key, step?.backfillPolicy))
  const limit = limits.reduce((least, one) => (one.partitions < least.partitions ? one : least))
  const [partitions, start, end] = [partitioned[0]?.partitions, keys[0], keys.at(-1)]
  if (start === undefined || end === undefined) return { runs: [], limit }
  const isRange = keys.length <= limit.partitions && isDeepStrictEqual(keys, keysOfRange(definitions, assetKeys, { start, end }, at))
  if (isRange) return { runs: [keys], limit }
  if (limit.partitions === 1 || partitions === undefined) return { runs: keys.map((key) => [key]), limit }
  let from = 0
  const runs = partitionRanges(partitions, keys, at).flatMap((range) => {
    const to = keys.indexOf(range.end, from) + 1
    const stretch = keys.slice(from, to)
    from = to
    return chunks(stretch, limit.partitions)
  })
  return { runs, limit }
}

function chunks(keys: readonly string[], size: number): (readonly string[])[] {
  if (keys.length <= size) return [keys]
  return Array.from({ length: Math.ceil(keys.length / size) }, (_, index) => keys.slice(index * size, (index + 1) * size))
}

/** The partitions of a range, in order. @throws DAGMA_PARTITION_WITHOUT_PARTITIONS, and what {@link partitionRange} throws */
export function keysOfRange(
  definitions: Definitions,
  assetKeys: readonly string[],
  { start, end }: PartitionKeyRange,
  at: PartitionsAt,
): readonly string[] {
  const [first] = partitionedAssets(definitions, assetKeys)
  if (first?.partitions === undefined) throw dagmaError('DAGMA_PARTITION_WITHOUT_PARTITIONS', { partition: `${start}...${end}` })
  return partitionRange(first.partitions, { from: start, to: end }, { asset: keyText(first.key), ...at })
}

function partitionedAssets({ assets }: Definitions, assetKeys: readonly string[]): AssetNode[] {
  return assetKeys.flatMap((key) => assets.get(key) ?? []).filter(({ partitions }) => partitions !== undefined)
}

function limitOf(key: AssetKey, policy: BackfillPolicy | undefined): RangePlan['limit'] {
  const partitions = policy === undefined ? 1 : policy === 'single-run' ? Number.POSITIVE_INFINITY : policy.maxPartitionsPerRun
  return { asset: keyText(key), partitions }
}
