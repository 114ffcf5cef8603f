import type { Metadata } from 'dagma'
import type { Json } from 'dagma/author'
import type { QdrantFilter } from './filter.ts'
import type { QdrantLinks } from './links.ts'
import type { Distance, PointId } from './wire.ts'

/** What is stored beside a vector: JSON data. */
export type QdrantPayload = { readonly [key: string]: Json | undefined }

/** A point to be stored. */
export interface QdrantPoint {
  readonly id: PointId
  /** As many finite numbers as the collection's size. */
  readonly vector: readonly number[]
  /** Default: none. */
  readonly payload?: QdrantPayload
}

/** Which parts of the found points come back. */
export interface QdrantParts {
  /** All of the payload, none, or these keys of it ("a.b" for a nested one). Default true. */
  readonly withPayload?: boolean | readonly string[]
  /** Default false. Under Cosine vectors come back normalized. */
  readonly withVector?: boolean
}

/** What {@link Qdrant.query} takes: `vector` or `id`. */
export interface QdrantQuery extends QdrantParts {
  /** Finds the nearest to this vector. */
  readonly vector?: readonly number[]
  /** Finds the nearest to this stored point; the point itself is left out. */
  readonly id?: PointId
  /** How many at most, 1 or more. Default 10. */
  readonly limit?: number
  /** How many of the best are left out. Default 0. */
  readonly offset?: number
  readonly filter?: QdrantFilter
  /** Only scores better than this: above it under Cosine and Dot, below it under Euclid and Manhattan. Default: no bound. */
  readonly scoreThreshold?: number
}

/** A stored point. */
export interface QdrantRecord {
  readonly id: PointId
  /** Absent when it was not asked for. */
  readonly payload?: QdrantPayload
  /** Absent when it was not asked for. */
  readonly vector?: readonly number[]
}

/** A point found by a query. */
export interface QdrantHit extends QdrantRecord {
  /** Similarity (Cosine and Dot: higher is nearer) or distance (Euclid and Manhattan: lower is nearer). */
  readonly score: number
}

/** What {@link Qdrant.scroll} takes. */
export interface QdrantScroll extends QdrantParts {
  /** How many at most, 1 or more. Default 100. */
  readonly limit?: number
  /** Where to start: the `next` of the page before. Default: the first point. */
  readonly from?: PointId
  readonly filter?: QdrantFilter
}

/** Points in order of their ids: numbers first, then UUIDs. */
export interface QdrantPage {
  readonly points: readonly QdrantRecord[]
  /** Where the next page starts; absent on the last one. */
  readonly next?: PointId
}

/** What a collection's vectors are like. */
export interface QdrantVectors {
  /** Numbers in a vector, 1 to 65,536. */
  readonly size: number
  /** Default `Cosine`. */
  readonly distance?: Distance
}

/** A collection as it is. */
export interface QdrantCollectionInfo {
  readonly size: number
  readonly distance: Distance
  /** `green` when all is well; `yellow` while the server optimizes. */
  readonly status: string
}

/** What an asset did in Qdrant, as {@link Qdrant.metadata} takes it. */
export type QdrantOperation = 'upsert points' | 'query points' | 'count points' | 'retrieve points' | 'scroll points' | 'delete points'

/** Which points {@link Qdrant.delete} removes. */
export type QdrantSelection = { readonly ids: readonly PointId[] } | { readonly filter: QdrantFilter }

/**
 * One collection, on a Qdrant server or in the local store, with the same answers. Every failed call throws a `ServiceError`, which has the
 * `status` (404: no such collection or point; 400 and 422: a wrong request; 401 and 403: the key) and never a body, a header or a secret. A canceled
 * run throws the reason of its signal.
 */
export interface Qdrant {
  /** Which form serves: `qdrant` or `local`. */
  readonly backend: 'qdrant' | 'local'
  /** Name of the collection. */
  readonly collection: string
  /** Links to the server; none with the local store. */
  links(): QdrantLinks
  /**
   * What an asset shows of what it did: `backend`, `operation`, `collection`, and the link that fits: `qdrant_search_endpoint` for a query, otherwise
   * `qdrant_collection_url`. The local store gives no link.
   */
  metadata(operation: QdrantOperation): Metadata
  /**
   * Makes the collection when it is missing.
   * @throws ServiceError with status 409 when it is there with another size or distance, or with named vectors.
   */
  ensureCollection(vectors: QdrantVectors): Promise<{ readonly created: boolean }>
  /**
   * Stores points, over those of the same id; of two with one id the later counts. Large lists go in several requests, up to four concurrently; all is
   * stored when it returns. After a failure some may be stored: do it again. An empty list does nothing.
   * @returns how many points were stored, each id once, in how many requests
   * @throws ServiceError before anything is sent for an id beyond 2^53 − 1, a vector with a number that is not finite, or a point too large to send.
   */
  upsert(points: readonly QdrantPoint[]): Promise<{ readonly points: number; readonly batches: number }>
  /** The nearest points, best first. */
  query(query: QdrantQuery): Promise<QdrantHit[]>
  /** How many points there are, exactly. */
  count(options?: { readonly filter?: QdrantFilter }): Promise<number>
  /** These points, in the order asked for; those that are missing are left out. */
  retrieve(ids: readonly PointId[], parts?: QdrantParts): Promise<QdrantRecord[]>
  /** A page of points. */
  scroll(options?: QdrantScroll): Promise<QdrantPage>
  /** Removes points; they are gone when it returns. Missing ids are not an error. */
  delete(selection: QdrantSelection): Promise<void>
  /** Removes the collection. Tells whether there was one. */
  deleteCollection(): Promise<boolean>
  /** The collection as it is. @throws ServiceError with status 404 when it is missing. */
  collectionInfo(): Promise<QdrantCollectionInfo>
}
