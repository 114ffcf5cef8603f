import type { Json } from 'dagma/author'
import { pointId } from './point-id.ts'
import type { PointId } from './wire.ts'

/** Which points: those that meet all of `must`, at least one of `should`, and none of `must_not`. Qdrant's own form. */
export interface QdrantFilter {
  readonly must?: QdrantCondition | readonly QdrantCondition[]
  readonly should?: QdrantCondition | readonly QdrantCondition[]
  readonly must_not?: QdrantCondition | readonly QdrantCondition[]
  /** At least `min_count` of these. A server only: the local store refuses it by name, with status 501. */
  readonly min_should?: { readonly conditions: readonly QdrantCondition[]; readonly min_count: number }
}

/** A field of the payload meets the condition when any of its values does, if it holds an array. `key` is a path: `a`, `a.b`, `a[].b`, `a[0]`. */
export type QdrantFieldCondition =
  | { readonly key: string; readonly match: QdrantMatch }
  | { readonly key: string; readonly range: QdrantRange }
  /** From here on, conditions that only a server has; the local store refuses them by name, with status 501. */
  | { readonly key: string; readonly range: QdrantDateRange }
  | { readonly key: string; readonly values_count: Json }
  | { readonly key: string; readonly geo_radius: Json }
  | { readonly key: string; readonly geo_bounding_box: Json }
  | { readonly key: string; readonly geo_polygon: Json }

/**
 * The value is this one, one of these, or none of these; a null, an empty array and a field that is missing meet none of the three. Numbers must be
 * whole. `text` (all of the words), `text_any` (any of them) and `phrase` look words up, on a server only.
 */
export type QdrantMatch =
  | { readonly value: string | number | boolean }
  | { readonly any: readonly string[] | readonly number[] }
  | { readonly except: readonly string[] | readonly number[] }
  | { readonly text: string }
  | { readonly text_any: string }
  | { readonly phrase: string }

/** Bounds of a number. */
export interface QdrantRange {
  readonly gt?: number
  readonly gte?: number
  readonly lt?: number
  readonly lte?: number
}

/** Bounds of a date: texts in the form of RFC 3339, such as `2026-11-28T00:00:00Z` or `2026-11-28`. On a server only. */
export interface QdrantDateRange {
  readonly gt?: string
  readonly gte?: string
  readonly lt?: string
  readonly lte?: string
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
  /** One element of the array of objects at `key` meets the whole filter, whose keys start at the element. On a server only. */
  | { readonly nested: { readonly key: string; readonly filter: QdrantFilter } }
  | QdrantFilter

/** `filter` with the ids that Qdrant stores. */
export function storedFilter({ min_should, ...clauses }: QdrantFilter): QdrantFilter {
  const stored = Object.entries(clauses).map(([clause, conditions]) => [clause, storedConditions(conditions)])
  return {
    ...Object.fromEntries(stored),
    ...(min_should && { min_should: { ...min_should, conditions: min_should.conditions.map(storedCondition) } }),
  }
}

function storedConditions(conditions: QdrantFilter['must']): QdrantFilter['must'] {
  if (conditions === undefined) return undefined
  return isList(conditions) ? conditions.map(storedCondition) : storedCondition(conditions)
}

function storedCondition(condition: QdrantCondition): QdrantCondition {
  if ('has_id' in condition) return { has_id: condition.has_id.map(pointId) }
  return isFilter(condition) ? storedFilter(condition) : condition
}

function isList(conditions: QdrantCondition | readonly QdrantCondition[]): conditions is readonly QdrantCondition[] {
  return Array.isArray(conditions)
}

function isFilter(condition: QdrantCondition): condition is QdrantFilter {
  return ['must', 'should', 'must_not', 'min_should'].some((clause) => clause in condition)
}
