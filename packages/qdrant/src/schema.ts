import { QdrantSettingsError } from './settings.ts'
import type { Distance, QdrantSparseVector } from './wire.ts'

/** The configuration of the vectors of a collection, or of one name. */
export interface QdrantVectors {
  /** Numbers in a vector, 1 to 65,536. */
  readonly size: number
  /** Default `Cosine`. */
  readonly distance?: Distance
}

/** The configuration of the sparse vectors of one name. */
export interface QdrantSparseVectors {
  /** `idf` weights each number asked for by how rare its index is among the stored vectors. Default: no weights. */
  readonly modifier?: 'idf'
}

/** The type of a payload index, by Qdrant's names. */
export type QdrantPayloadIndex = 'keyword' | 'integer' | 'float' | 'bool' | 'datetime' | 'uuid' | 'text' | 'geo'

/**
 * A collection as a project declares it, for {@link qdrantCollections}.
 * @example
 * ```ts
 * const passages: QdrantSchema = {
 *   vectors: { body: { size: 384 } },
 *   sparseVectors: { words: { modifier: 'idf' } },
 *   payloadIndexes: { language: 'keyword', 'source.year': 'integer' },
 * }
 * ```
 */
export interface QdrantSchema {
  /** Name of the collection in Qdrant. Default: its key in the declaration. */
  readonly name?: string
  /** One vector per point, without a name, or several by name. Default: none, for a collection that has only sparse vectors. */
  readonly vectors?: QdrantVectors | { readonly [name: string]: QdrantVectors }
  /** Sparse vectors by name. A collection that has some gives its other vectors names, too. Default: none. */
  readonly sparseVectors?: { readonly [name: string]: QdrantSparseVectors }
  /**
   * Indexes by the key of the payload, such as `a.b`. They make filters fast on a server; the local store scans, and finds the same. Default: none.
   */
  readonly payloadIndexes?: { readonly [key: string]: QdrantPayloadIndex }
}

/** A collection with one vector per point, which has no name. */
export type QdrantUnnamed = { readonly vectors: QdrantVectors }

/** Names of the dense vectors of a schema. */
export type QdrantDenseName<Schema> = Schema extends QdrantUnnamed
  ? never
  : Schema extends { readonly vectors: infer Vectors }
    ? keyof Vectors & string
    : never

/** Names of the sparse vectors of a schema. */
export type QdrantSparseName<Schema> = Schema extends { readonly sparseVectors: infer Vectors } ? keyof Vectors & string : never

/** The vectors of a point: one list of numbers, or an object with one vector for each name. A point may lack some of them. */
export type QdrantPointVector<Schema> = Schema extends QdrantUnnamed
  ? readonly number[]
  : { readonly [Name in QdrantDenseName<Schema>]?: readonly number[] } & {
      readonly [Name in QdrantSparseName<Schema>]?: QdrantSparseVector
    }

/** One kind of vector. The size is unknown when nothing is declared. */
export type VectorKind =
  | { readonly size?: number; readonly distance?: Distance; readonly sparse?: undefined }
  | { readonly sparse: true; readonly modifier?: 'idf' | undefined }

/** The kinds of vectors of a collection by name; the unnamed one has the name "". */
export type VectorKinds = ReadonlyMap<string, VectorKind>

/** The kinds of vectors that a schema declares. */
export function vectorKinds({ vectors = {}, sparseVectors = {} }: QdrantSchema): VectorKinds {
  const dense = isUnnamed(vectors) ? { '': vectors } : vectors
  return new Map<string, VectorKind>([
    ...Object.entries(dense),
    ...Object.entries(sparseVectors).map(([name, { modifier }]) => [name, { sparse: true, modifier }] as const),
  ])
}

/** Whether this describes one vector without a name, here or in a request; by names, every member is an object. */
export function isUnnamed<Vector extends object>(vectors: Vector | { readonly [name: string]: Vector }): vectors is Vector {
  return !Object.values(vectors).every((value) => typeof value === 'object')
}

/** How a vector is called in messages. */
export function vectorText(name: string): string {
  return name === '' ? 'the vector' : `vector "${name}"`
}

/** Every distance. */
export const distances: readonly Distance[] = ['Cosine', 'Dot', 'Euclid', 'Manhattan']
/** Every type of a payload index. */
export const indexTypes: readonly QdrantPayloadIndex[] = ['keyword', 'integer', 'float', 'bool', 'datetime', 'uuid', 'text', 'geo']
const members = ['name', 'vectors', 'sparseVectors', 'payloadIndexes']

/** @throws QdrantSettingsError for a declaration that Qdrant refuses, with what is wrong in it. */
export function checkSchema(key: string, schema: QdrantSchema): void {
  const problem = schemaProblem(schema)
  if (problem !== undefined) throw new QdrantSettingsError(`Qdrant: collection "${key}" is declared wrongly: ${problem}`)
}

function schemaProblem(schema: QdrantSchema): string | undefined {
  const { vectors = {}, sparseVectors = {}, payloadIndexes = {} } = schema
  const unknown = Object.keys(schema).find((member) => !members.includes(member))
  if (unknown !== undefined) return `"${unknown}" is not an option. Use ${members.join(', ')}.`
  const names = isUnnamed(vectors) ? [''] : Object.keys(vectors)
  const sparse = Object.keys(sparseVectors)
  if (names.length + sparse.length === 0) return 'it has no vectors. Declare vectors, sparseVectors, or both.'
  if (isUnnamed(vectors) && sparse.length > 0)
    return 'its dense vector has no name beside sparse vectors. Name it: vectors: { dense: { size } }.'
  const twice = sparse.find((name) => names.includes(name))
  if (twice !== undefined) return `"${twice}" is both a dense and a sparse vector. Rename one of them.`
  if (!isUnnamed(vectors) && [...names, ...sparse].includes('')) return 'a vector has an empty name. Name it.'
  for (const [name, kind] of vectorKinds(schema)) {
    if (kind.sparse) {
      if (kind.modifier !== undefined && kind.modifier !== 'idf')
        return `${vectorText(name)} has the modifier ${JSON.stringify(kind.modifier)}. Use 'idf', or leave it out.`
      continue
    }
    const { size, distance = 'Cosine' } = kind
    if (!Number.isInteger(size) || (size as number) < 1 || (size as number) > 65_536)
      return `${vectorText(name)} has size ${String(size)}. Use an integer from 1 to 65,536.`
    if (!distances.includes(distance))
      return `${vectorText(name)} has the distance ${JSON.stringify(distance)}. Use ${distances.join(', ')}.`
  }
  const [key, type] = Object.entries(payloadIndexes).find(([key, type]) => key === '' || !indexTypes.includes(type)) ?? []
  return key === undefined ? undefined : `the payload index on "${key}" has type ${JSON.stringify(type)}. Use ${indexTypes.join(', ')}.`
}
