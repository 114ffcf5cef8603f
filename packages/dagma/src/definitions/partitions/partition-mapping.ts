import { expectOptions, type OptionTable } from '../options/expect-options.ts'

/**
 * The upstream partitions that a partition depends on. `many` says whether they are several.
 * Dagster's `PartitionMapping`.
 */
export type PartitionMapping =
  | { readonly kind: 'default'; readonly many: false }
  | { readonly kind: 'identity'; readonly many: false }
  | { readonly kind: 'last'; readonly many: false }
  | { readonly kind: 'all'; readonly many: true }
  | { readonly kind: 'specific'; readonly many: true; readonly partitionKeys: readonly string[] }
  | { readonly kind: 'static'; readonly many: true; readonly downstreamByUpstream: { readonly [upstream: string]: readonly string[] } }
  | {
      readonly kind: 'time_window'
      readonly many: true
      readonly startOffset: number
      readonly endOffset: number
      readonly allowNonexistentUpstreamPartitions: boolean
    }
  | { readonly kind: 'multi_to_single'; readonly many: true; readonly dimension: string | null }
  | { readonly kind: 'multi'; readonly many: true; readonly dimensions: { readonly [upstream: string]: DimensionMapping } }

/** How a dimension of an upstream asset depends on one of the own dimensions. Dagster's `DimensionPartitionMapping`. */
export interface DimensionMapping {
  /** Name of the own dimension. */
  readonly dimension: string
  /** How the upstream dimension's partitions depend on its partitions: any mapping between partitions of one dimension. */
  readonly mapping: PartitionMapping
}

/** No mapping was declared: the same key where both have the same partitions; what Dagster takes by default otherwise. */
export const withoutMapping: PartitionMapping = { kind: 'default', many: false }

interface TimeWindowOptions {
  /** Windows between the own one and the first that is taken, negative for earlier ones; default 0. */
  readonly startOffset?: number
  /** Windows between the own one and the last that is taken; default 0. */
  readonly endOffset?: number
  /** Whether upstream windows that do not exist, before the first or after the last, are left out; default: they are an error. */
  readonly allowNonexistentUpstreamPartitions?: boolean
}

const timeWindowOptions: OptionTable<keyof TimeWindowOptions> = {
  startOffset: 'number',
  endOffset: 'number',
  allowNonexistentUpstreamPartitions: 'boolean',
}

/**
 * Mappings of partitions, for {@link mapped}.
 * @example
 * ```ts
 * const sales = asset({ key: 'sales', partitions: staticPartitions(['eu', 'us']), run: () => 20 })
 * const total = asset({
 *   key: 'total',
 *   inputs: { sales: mapped(sales, PartitionMapping.all()) },
 *   run: ({ inputs }) => Object.keys(inputs.sales).length,
 * })
 * ```
 */
export const PartitionMapping = {
  /** The partition of the same key. Dagster's `IdentityPartitionMapping`. */
  identity: () => ({ kind: 'identity', many: false }) as const,
  /** The last partition. Dagster's `LastPartitionMapping`. */
  last: () => ({ kind: 'last', many: false }) as const,
  /** All partitions. Dagster's `AllPartitionMapping`. */
  all: () => ({ kind: 'all', many: true }) as const,
  /** These partitions. Dagster's `SpecificPartitionsPartitionMapping`. */
  specific: (partitionKeys: readonly string[]) => ({ kind: 'specific', many: true, partitionKeys }) as const,
  /** Maps each upstream key to the downstream keys that depend on it. Dagster's `StaticPartitionMapping`. */
  static: (downstreamByUpstream: { readonly [upstream: string]: string | readonly string[] }) =>
    ({
      kind: 'static',
      many: true,
      downstreamByUpstream: Object.fromEntries(
        Object.entries(downstreamByUpstream).map(([key, to]) => [key, typeof to === 'string' ? [to] : to]),
      ),
    }) as const,
  /**
   * The upstream windows that overlap the own one, with the windows from `startOffset` to `endOffset` (default 0) of the own cadence around it.
   * Dagster's `TimeWindowPartitionMapping`.
   */
  timeWindow: (options: TimeWindowOptions = {}) => {
    expectOptions('PartitionMapping.timeWindow()', options, timeWindowOptions)
    const { startOffset = 0, endOffset = 0, allowNonexistentUpstreamPartitions = false } = options
    return { kind: 'time_window', many: true, startOffset, endOffset, allowNonexistentUpstreamPartitions } as const
  },
  /** Between a multi-partitioned asset and one of its dimensions. Dagster's `MultiToSingleDimensionPartitionMapping`. */
  multiToSingle: (dimension?: string) => ({ kind: 'multi_to_single', many: true, dimension: dimension ?? null }) as const,
  /**
   * Between two multi-partitioned assets, dimension by dimension: by the name of the upstream dimension, the own one and how they correspond. Of an
   * upstream dimension that is not named, all partitions are taken. Dagster's `MultiPartitionMapping`.
   * @example PartitionMapping.multi({ day: { dimension: 'week', mapping: PartitionMapping.timeWindow() } })
   */
  multi: (dimensions: { readonly [upstream: string]: DimensionMapping }) => ({ kind: 'multi', many: true, dimensions }) as const,
}
