import type { QdrantFilter } from './filter.ts'
import type { QdrantDenseName, QdrantSchema, QdrantSparseName, QdrantUnnamed } from './schema.ts'
import type { PointId, QdrantSparseVector } from './wire.ts'

/**
 * The query: the nearest points to `vector`, or to that of the stored point `id`, which is itself left out. With named vectors `using` says by
 * which.
 */
export type QdrantTarget<Schema> = Schema extends QdrantUnnamed
  ? (Vector<readonly number[]> | { readonly id: PointId; readonly vector?: never }) & { readonly using?: never }
  :
      | (Vector<readonly number[]> & { readonly using: QdrantDenseName<Schema> })
      | (Vector<QdrantSparseVector> & { readonly using: QdrantSparseName<Schema> })
      | { readonly id: PointId; readonly vector?: never; readonly using: QdrantDenseName<Schema> | QdrantSparseName<Schema> }

type Vector<Form> = { readonly vector: Form; readonly id?: never }

/** Settings of reciprocal rank fusion. */
export interface QdrantRrf {
  /** How much the first ranks count more than those after them: a rank from 0 on gives 1 / (rank + k). Default 2. A server has it from 1.16 on. */
  readonly k?: number
  /** The weight of each search, in their order. Default: equal weights. A server has it from 1.17 on. */
  readonly weights?: readonly number[]
}

/** How several searches become one list: `rrf` by their ranks, `dbsf` by their scores, each search's brought to a common scale. */
export type QdrantFusion = 'rrf' | 'dbsf' | { readonly rrf: QdrantRrf }

/** A search within a query: its own, or one over the points that its `prefetch` has found. */
export type QdrantSearch<Schema> =
  | (QdrantTarget<Schema> & { readonly fusion?: never; readonly prefetch?: readonly QdrantPrefetch<Schema>[] })
  | { readonly fusion: QdrantFusion; readonly prefetch: readonly QdrantPrefetch<Schema>[]; readonly vector?: never; readonly id?: never }

/** Which of what a search finds are kept. */
export interface QdrantBounds {
  /** How many at most, 1 or more. Default 10. */
  readonly limit?: number
  /** Also narrows down every prefetch below. */
  readonly filter?: QdrantFilter
  /** Only scores better than this: above it, and below it under Euclid and Manhattan. A fusion keeps equal ones, too. Default: no bound. */
  readonly scoreThreshold?: number
}

/** A search whose points a query takes up. Prefetches may be nested. */
export type QdrantPrefetch<Schema> = QdrantSearch<Schema> & QdrantBounds

/** Which parts of the found points come back. */
export interface QdrantParts<Schema extends QdrantSchema = QdrantUnnamed> {
  /** All of the payload, none, or these keys of it ("a.b" for a nested one). Default true. */
  readonly withPayload?: boolean | readonly string[]
  /** All vectors, none, or those of these names. Default false. Under Cosine vectors come back normalized. */
  readonly withVector?: boolean | readonly (QdrantDenseName<Schema> | QdrantSparseName<Schema>)[]
}

/** How many of the best are left out. */
export interface QdrantOffset {
  /** Default 0. */
  readonly offset?: number
}

/**
 * Options of {@link QdrantPoints.query}: a vector or an id to be near to; or several searches under `prefetch` with a `fusion`, which is a hybrid
 * query; or both, a vector or an id that ranks again what `prefetch` has found.
 * @example
 * ```ts
 * const query: QdrantQuery<{ vectors: { body: { size: 2 } }; sparseVectors: { words: { modifier: 'idf' } } }> = {
 *   prefetch: [
 *     { using: 'body', vector: [0.1, 0.9], limit: 50 },
 *     { using: 'words', vector: { indices: [17, 4711], values: [1, 1] }, limit: 50 },
 *   ],
 *   fusion: 'rrf',
 *   limit: 5,
 * }
 * ```
 */
export type QdrantQuery<Schema extends QdrantSchema = QdrantUnnamed> = QdrantPrefetch<Schema> & QdrantOffset & QdrantParts<Schema>
