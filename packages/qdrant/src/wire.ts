import type { HttpService } from 'dagma/author'

/**
 * What a client talks through: requests in the form of Qdrant's REST API, below the server's root, and its JSON answers.
 * A server answers over HTTP, the local store in this process.
 */
export type Wire = Pick<HttpService, 'json'>

/** A vector's distance, by Qdrant's names. */
export type Distance = 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan'

/** A point's id as Qdrant stores it: an unsigned whole number or a UUID in lower case. */
export type StoredId = number | string

/** A point as it goes to Qdrant. */
export interface WirePoint {
  readonly id: StoredId
  readonly vector: readonly number[]
  readonly payload?: object
}
