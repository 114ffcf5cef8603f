import type { Refuse } from './calls.ts'
import type { QdrantFilter } from './filter.ts'
import { storedIds, wireFilter } from './point-check.ts'
import type { QdrantFusion } from './query.ts'
import type { VectorKinds } from './schema.ts'
import { checkedVector, kindOf } from './vector-check.ts'
import type { PointId } from './wire.ts'

/** A query or a prefetch of any collection. */
export interface AnyQuery {
  readonly vector?: unknown
  readonly id?: PointId | undefined
  readonly using?: string
  readonly fusion?: QdrantFusion | undefined
  readonly prefetch?: readonly AnyQuery[]
  readonly limit?: number
  readonly offset?: number
  readonly filter?: QdrantFilter
  readonly scoreThreshold?: number
}

/** A query or a prefetch as it goes to Qdrant, if its vectors are as declared. */
export function queryBody(query: AnyQuery, kinds: VectorKinds, refuse: Refuse): object {
  const { using, prefetch, limit = 10, offset = 0, filter, scoreThreshold } = query
  return {
    query: wireQuery(query, kinds, refuse),
    ...(using !== undefined && { using }),
    ...(prefetch !== undefined && { prefetch: prefetch.map((inner) => queryBody(inner, kinds, refuse)) }),
    limit,
    ...(offset !== 0 && { offset }),
    ...(scoreThreshold !== undefined && { score_threshold: scoreThreshold }),
    ...wireFilter(filter, refuse),
  }
}

function wireQuery({ vector, id, using, fusion, prefetch }: AnyQuery, kinds: VectorKinds, refuse: Refuse): unknown {
  if ([vector, id, fusion].filter((given) => given !== undefined).length !== 1)
    throw refuse('a query needs either a vector, an id or a fusion', 'Pass one of them, in each prefetch as well.')
  if (prefetch?.length === 0) throw refuse('"prefetch" is empty', 'Pass at least one search, or leave it out.')
  if (fusion !== undefined) return wireFusion(fusion, prefetch, refuse)
  kindOf(using, kinds, refuse)
  return id === undefined ? checkedVector(vector, using ?? '', kinds, refuse) : storedIds([id], refuse)[0]
}

function wireFusion(fusion: QdrantFusion, prefetch: readonly AnyQuery[] | undefined, refuse: Refuse): object {
  if (prefetch === undefined) throw refuse('a fusion has nothing to fuse', 'Pass the searches under "prefetch".')
  if (fusion === 'rrf' || fusion === 'dbsf') return { fusion }
  const { k, weights } = fusion.rrf ?? {}
  if (k !== undefined && !(Number.isInteger(k) && k >= 1)) throw refuse(`the k of a fusion is ${k}`, 'Use an integer from 1 on.')
  if (weights !== undefined && (weights.length !== prefetch.length || !weights.every((weight) => Number.isFinite(weight) && weight >= 0)))
    throw refuse(
      `the fusion has ${weights.length} weights for ${prefetch.length} searches, or one that is not a number from 0 on`,
      'Pass one weight for each search.',
    )
  return { rrf: { ...(k !== undefined && { k }), ...(weights !== undefined && { weights }) } }
}
