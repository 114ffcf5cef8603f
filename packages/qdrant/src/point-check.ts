import { jsonLoss, lossText } from 'dagma/author'
import type { Refuse } from './calls.ts'
import { type QdrantFilter, storedFilter } from './filter.ts'
import { pointId } from './point-id.ts'
import { sizeBound } from './request-size.ts'
import type { VectorKinds } from './schema.ts'
import { checkedVectors } from './vector-check.ts'
import type { PointId, StoredId, WirePoint } from './wire.ts'

/** How deep a payload may be. A server reads JSON of up to 128 levels, those of the request around it included. */
const deepestPayload = 100
const largestPoint = 30 * 1024 * 1024

/** A point as it goes to Qdrant, if it can be stored. */
export function checkedPoint(
  { id, vector, payload }: { readonly id: PointId; readonly vector: unknown; readonly payload?: object },
  kinds: VectorKinds,
  refuse: Refuse,
): WirePoint {
  const [stored] = storedIds([id], refuse) as [StoredId]
  const point = { id: stored, vector: checkedVectors(vector, kinds, refuse), ...(payload !== undefined && { payload }) }
  const loss = jsonLoss(payload, { deepest: deepestPayload, negativeZero: true, unsafe: true })
  if (loss !== undefined) throw refuse(`a payload cannot be stored: ${lossText(loss)}`, 'Convert it to plain JSON data first, or use null.')
  if (sizeBound(point) > largestPoint)
    throw refuse(
      'a point is larger than the 30 MiB that a request can carry',
      'Keep large texts elsewhere, and a reference to them in the payload.',
    )
  return point
}

/** The ids that Qdrant stores for these. */
export function storedIds(ids: readonly PointId[], refuse: Refuse): StoredId[] {
  try {
    return ids.map(pointId)
  } catch (error) {
    throw refuse('an id is neither a string nor an integer up to 2^53 − 1', 'Pass large numbers as strings.', error)
  }
}

/** The filter as it goes to Qdrant, as a part of a body. */
export function wireFilter(filter: QdrantFilter | undefined, refuse: Refuse): { filter?: QdrantFilter } {
  if (filter === undefined) return {}
  try {
    return { filter: storedFilter(filter) }
  } catch (error) {
    throw refuse('the filter has an id that is neither a string nor an integer up to 2^53 − 1', 'Pass large numbers as strings.', error)
  }
}
