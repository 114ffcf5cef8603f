import type { Json } from 'dagma'
import { pointId } from './point-id.ts'
import type { PointId } from './qdrant.ts'

/** Which points: those that meet all of `must`, at least one of `should`, and none of `must_not`. Qdrant's own form. */
export interface QdrantFilter {
  readonly must?: QdrantCondition | readonly QdrantCondition[]
  readonly should?: QdrantCondition | readonly QdrantCondition[]
  readonly must_not?: QdrantCondition | readonly QdrantCondition[]
}

/** A field of the payload meets the condition when any of its values does, if it holds an array. `key` is a path: `a`, `a.b`, `a[].b`, `a[0]`. */
export type QdrantFieldCondition =
  | { readonly key: string; readonly match: QdrantMatch }
  | { readonly key: string; readonly range: QdrantRange }
  /** Conditions that only a server has; the local store refuses them by name, with status 501. */
  | { readonly key: string; readonly values_count: Json }
  | { readonly key: string; readonly geo_radius: Json }
  | { readonly key: string; readonly geo_bounding_box: Json }
  | { readonly key: string; readonly geo_polygon: Json }

/** The value is this one, one of these, or none of these; `text` looks words up, on a server only. Numbers must be whole. */
export type QdrantMatch =
  | { readonly value: string | number | boolean }
  | { readonly any: readonly string[] | readonly number[] }
  | { readonly except: readonly string[] | readonly number[] }
  | { readonly text: string }

/** Bounds of a number. */
export interface QdrantRange {
  readonly gt?: number
  readonly gte?: number
  readonly lt?: number
  readonly lte?: number
}

/** One condition of a filter; a filter is one itself. */
export type QdrantCondition =
  | QdrantFieldCondition
  /** The point is one of these. */
  | { readonly has_id: readonly PointId[] }
  /** The field is missing, null or an empty array. */
  | { readonly is_empty: { readonly key: string } }
  /** The field is there and null. */
  | { readonly is_null: { readonly key: string } }
  | QdrantFilter

/** `filter` with the ids that Qdrant stores. */
export function storedFilter(filter: QdrantFilter): QdrantFilter {
  const clauses = Object.entries(filter).filter(([, conditions]) => conditions !== undefined)
  return Object.fromEntries(
    clauses.map(([clause, conditions]) => [
      clause,
      Array.isArray(conditions) ? conditions.map(storedCondition) : storedCondition(conditions),
    ]),
  )
}

function storedCondition(condition: QdrantCondition): QdrantCondition {
  if ('has_id' in condition) return { has_id: condition.has_id.map(pointId) }
  return 'must' in condition || 'should' in condition || 'must_not' in condition ? storedFilter(condition) : condition
}
