import type { HttpService } from 'dagma/author'

/**
 * The transport of a client: requests of Qdrant's REST API, below the server's root, and its JSON answers.
 * A server answers over HTTP, the local store in this process.
 */
export type Wire = Pick<HttpService, 'json'>

/** A vector's distance, by Qdrant's names. */
export type Distance = 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan'

/**
 * A point's id. Numbers (unsigned, whole, up to 2^53 − 1) and UUIDs pass as they are; any other string becomes a UUID of version 5, always the same
 * one. The number or the UUID is returned: keep your own name in the payload.
 */
export type PointId = number | string

/** A point's id as Qdrant stores it: an unsigned integer or a UUID in lower case. */
export type StoredId = number | string

/** Numbers at some of very many places: a sparse vector. */
export interface QdrantSparseVector {
  /** Integers from 0 to 2^32 − 1, each once, in any order. */
  readonly indices: readonly number[]
  /** The number at each of these places; all others are 0. */
  readonly values: readonly number[]
}

/** A dense or a sparse vector, as it goes to Qdrant. */
export type AnyVector = readonly number[] | QdrantSparseVector

/** The vectors of a point, as they go to Qdrant. */
export type AnyVectors = readonly number[] | { readonly [name: string]: AnyVector }

/** A point as it goes to Qdrant. */
export interface WirePoint {
  readonly id: StoredId
  readonly vector: AnyVectors
  readonly payload?: object
}
