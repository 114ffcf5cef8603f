import type { QdrantCollectionState } from './client.ts'
import {
  distances,
  indexTypes,
  isUnnamed,
  type QdrantPayloadIndex,
  type QdrantSchema,
  type QdrantVectors,
  type VectorKind,
  vectorKinds,
  vectorText,
} from './schema.ts'
import type { Distance } from './wire.ts'

/** The part of a collection's description that is read. */
export interface WireCollection {
  readonly status: string
  readonly config: {
    readonly params: {
      readonly vectors?: WireVectors | { readonly [name: string]: WireVectors }
      readonly sparse_vectors?: { readonly [name: string]: { readonly modifier?: string | null } | null } | null
    }
  }
  readonly payload_schema?: { readonly [key: string]: { readonly data_type?: unknown } }
}

interface WireVectors {
  readonly size?: unknown
  readonly distance?: unknown
}

/** The collection that a description is of. */
export function stateOf({ status, config, payload_schema = {} }: WireCollection): QdrantCollectionState {
  const { vectors = {}, sparse_vectors } = config?.params ?? {}
  return {
    status,
    vectors: isUnnamed<WireVectors>(vectors) ? vectorsOf(vectors) : mapped(vectors, vectorsOf),
    sparseVectors: mapped(sparse_vectors ?? {}, (params) => (params?.modifier === 'idf' ? { modifier: 'idf' as const } : {})),
    payloadIndexes: mapped(payload_schema, ({ data_type }) => oneOf(indexTypes, data_type) ?? 'keyword'),
  }
}

/** The body of the request that creates this collection. */
export function wireSchema({ vectors = {}, sparseVectors = {} }: QdrantSchema): object {
  const wireVectors = ({ size, distance = 'Cosine' }: QdrantVectors) => ({ size, distance })
  const sparse = Object.keys(sparseVectors).length > 0 && { sparse_vectors: sparseVectors }
  return { vectors: isUnnamed<QdrantVectors>(vectors) ? wireVectors(vectors) : mapped(vectors, wireVectors), ...sparse }
}

/** The differences between a collection's vectors and the declaration: one sentence part each. A collection may have more. */
export function vectorDifferences(declared: QdrantSchema, found: QdrantSchema): string[] {
  const there = vectorKinds(found)
  return [...vectorKinds(declared)].flatMap(([name, kind]) => {
    const other = there.get(name)
    if (other !== undefined) return kindDifference(vectorText(name), kind, other)
    return name === '' ? 'it has named vectors' : `it has no ${vectorText(name)}`
  })
}

function kindDifference(which: string, declared: VectorKind, found: VectorKind): string[] {
  if (declared.sparse !== found.sparse) return [`${which} is ${found.sparse ? 'sparse, not dense' : 'dense, not sparse'}`]
  if (declared.sparse || found.sparse) {
    const [wanted, has] = [declared, found].map((kind) => (kind.sparse && kind.modifier === 'idf' ? 'the modifier idf' : 'no modifier'))
    return wanted === has ? [] : [`${which} has ${has}, not ${wanted}`]
  }
  const text = ({ size, distance = 'Cosine' }: { size?: number; distance?: Distance }) => `size ${size} and distance ${distance}`
  return text(declared) === text(found) ? [] : [`${which} has ${text(found)}, not ${text(declared)}`]
}

/** The declared payload indexes that a collection lacks, and those that it has of another type. */
export function indexDifferences(
  { payloadIndexes: declared = {} }: QdrantSchema,
  { payloadIndexes: found = {} }: QdrantSchema,
): { readonly missing: readonly (readonly [string, QdrantPayloadIndex])[]; readonly others: readonly string[] } {
  const entries = Object.entries(declared)
  return {
    missing: entries.filter(([key]) => found[key] === undefined),
    others: entries
      .filter(([key, type]) => found[key] !== undefined && found[key] !== type)
      .map(([key, type]) => `the payload index on "${key}" has type ${found[key]}, not ${type}`),
  }
}

function vectorsOf({ size, distance }: WireVectors): QdrantVectors {
  const known = oneOf(distances, distance)
  return { size: Number(size), ...(known !== undefined && { distance: known }) }
}

/** `value` if it is a word of Qdrant's: other texts of an answer get into no error. */
function oneOf<Word>(words: readonly Word[], value: unknown): Word | undefined {
  return words.find((word) => word === value)
}

function mapped<From, To>(of: { readonly [name: string]: From }, to: (value: From) => To): { [name: string]: To } {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, to(value)]))
}
