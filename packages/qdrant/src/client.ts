import type { Metadata } from 'dagma'
import type { Json } from 'dagma/author'
import type { QdrantFilter } from './filter.ts'
import type { QdrantLinks } from './links.ts'
import type { QdrantParts, QdrantQuery } from './query.ts'
import type { QdrantPointVector, QdrantSchema, QdrantUnnamed, QdrantVectors } from './schema.ts'
import type { Distance, PointId } from './wire.ts'

/** The data that is stored with a vector, as JSON. */
export type QdrantPayload = { readonly [key: string]: Json | undefined }

/** A point to be stored. */
export interface QdrantPoint<Schema extends QdrantSchema = QdrantUnnamed> {
  readonly id: PointId
  /**
   * As many finite numbers as the collection's size. With named vectors: an object with the vectors by name; a point without one of them is not
   * found by it.
   */
  readonly vector: QdrantPointVector<Schema>
  /** Default: none. */
  readonly payload?: QdrantPayload
}

/** A stored point. */
export interface QdrantRecord<Schema extends QdrantSchema = QdrantUnnamed> {
  readonly id: PointId
  /** Absent when it was not asked for. */
  readonly payload?: QdrantPayload
  /** Absent when it was not asked for. */
  readonly vector?: QdrantPointVector<Schema>
}

/** A point found by a query. */
export interface QdrantHit<Schema extends QdrantSchema = QdrantUnnamed> extends QdrantRecord<Schema> {
  /**
   * Similarity (Cosine, Dot, sparse vectors and fusions: higher is nearer) or distance (Euclid and Manhattan: lower is nearer).
   */
  readonly score: number
}

/** Options of {@link QdrantPoints.scroll}. */
export interface QdrantScroll<Schema extends QdrantSchema = QdrantUnnamed> extends QdrantParts<Schema> {
  /** How many at most, 1 or more. Default 100. */
  readonly limit?: number
  /** Where to start: the `next` of the page before. Default: the first point. */
  readonly from?: PointId
  readonly filter?: QdrantFilter
}

/** Points in order of their ids: numbers first, then UUIDs. */
export interface QdrantPage<Schema extends QdrantSchema = QdrantUnnamed> {
  readonly points: readonly QdrantRecord<Schema>[]
  /** Where the next page starts; absent on the last one. */
  readonly next?: PointId
}

/** A collection with one unnamed vector per point, as it is. */
export interface QdrantCollectionInfo {
  readonly size: number
  readonly distance: Distance
  /** `green` when all is well; `yellow` while the server optimizes. */
  readonly status: string
}

/** A declared collection as it is: it may have more than what is declared. */
export interface QdrantCollectionState extends Omit<QdrantSchema, 'name'> {
  /** `green` when all is well; `yellow` while the server optimizes. */
  readonly status: string
}

/** An operation of an asset in Qdrant, for {@link QdrantPoints.metadata}. */
export type QdrantOperation = 'upsert points' | 'query points' | 'count points' | 'retrieve points' | 'scroll points' | 'delete points'

/** Which points {@link QdrantPoints.delete} removes. */
export type QdrantSelection = { readonly ids: readonly PointId[] } | { readonly filter: QdrantFilter }

/**
 * The points of one collection, on a Qdrant server or in the local store, with the same answers. Every failed call throws a `ServiceError`, which has
 * the `status` (404: no such collection or point; 400 and 422: a wrong request; 401 and 403: the key) and never a body, a header or a secret. What is
 * found wrong before anything is sent has no status. A canceled run throws the reason of its signal.
 */
export interface QdrantPoints<Schema extends QdrantSchema = QdrantUnnamed> {
  /** The backend in use: `qdrant` or `local`. */
  readonly backend: 'qdrant' | 'local'
  /** Name of the collection. */
  readonly collection: string
  /** Links to the server; none with the local store. */
  links(): QdrantLinks
  /**
   * Metadata for an asset about an operation: `backend`, `operation`, `collection`, and the matching link: `qdrant_search_endpoint` for a query, otherwise
   * `qdrant_collection_url`. The local store gives no link.
   */
  metadata(operation: QdrantOperation): Metadata
  /**
   * Stores points, over those of the same id; of two with one id the later counts. Large lists go in several requests, up to four concurrently; all is
   * stored when it returns. After a failure some may be stored: do it again. An empty list does nothing.
   * @returns how many points were stored, each id once, in how many requests
   * @throws ServiceError before anything is sent for an id beyond 2^53 − 1, a vector with a number that is not finite, a vector that is not as
   * declared, or a point too large to send.
   */
  upsert(points: readonly QdrantPoint<Schema>[]): Promise<{ readonly points: number; readonly batches: number }>
  /** The nearest points, best first. */
  query(query: QdrantQuery<Schema>): Promise<QdrantHit<Schema>[]>
  /** How many points there are, exactly. */
  count(options?: { readonly filter?: QdrantFilter }): Promise<number>
  /** These points, in the order asked for; those that are missing are left out. */
  retrieve(ids: readonly PointId[], parts?: QdrantParts<Schema>): Promise<QdrantRecord<Schema>[]>
  /** A page of points. */
  scroll(options?: QdrantScroll<Schema>): Promise<QdrantPage<Schema>>
  /** Removes points; they are gone when it returns. Missing ids are not an error. */
  delete(selection: QdrantSelection): Promise<void>
  /** Removes the collection. Returns whether there was one. */
  deleteCollection(): Promise<boolean>
}

/** One collection with an unnamed vector per point: the client of the resource {@link qdrant}. */
export interface Qdrant extends QdrantPoints {
  /**
   * Makes the collection when it is missing.
   * @throws ServiceError with status 409 when it is there with another size or distance, or with named vectors.
   */
  ensureCollection(vectors: QdrantVectors): Promise<{ readonly created: boolean }>
  /** The collection as it is. @throws ServiceError with status 404 when it is missing. */
  collectionInfo(): Promise<QdrantCollectionInfo>
}

/** One declared collection, typed by its declaration. */
export interface QdrantCollection<Schema extends QdrantSchema> extends QdrantPoints<Schema> {
  /**
   * Makes what is missing of the declaration: the collection, and its payload indexes.
   * @throws ServiceError with status 409, and with every difference in its message, when it is there with other vectors or an index of another type.
   */
  ensureCollection(): Promise<{ readonly created: boolean }>
  /** The collection as it is. @throws ServiceError with status 404 when it is missing. */
  collectionInfo(): Promise<QdrantCollectionState>
}

/** The collections of a resource: the client that an asset gets of {@link qdrantCollections}. */
export interface QdrantCollections<Schemas extends { readonly [key: string]: QdrantSchema }> {
  /** The backend in use: `qdrant` or `local`. */
  readonly backend: 'qdrant' | 'local'
  /** The collection that is declared under this key. */
  collection<Key extends keyof Schemas & string>(key: Key): QdrantCollection<Schemas[Key]>
}
