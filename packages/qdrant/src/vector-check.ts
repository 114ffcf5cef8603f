import type { Refuse } from './calls.ts'
import { type VectorKind, type VectorKinds, vectorText } from './schema.ts'
import type { AnyVector, AnyVectors, QdrantSparseVector } from './wire.ts'

const embeddingHint = 'Check what the embedding model gave.'
/** The first number that cannot be an index of a sparse vector. */
const indexEnd = 2 ** 32

/** The vectors of a point, if they are as declared. */
export function checkedVectors(vectors: unknown, kinds: VectorKinds, refuse: Refuse): AnyVectors {
  const unnamed = kinds.get('')
  if (unnamed !== undefined && !unnamed.sparse) return checkedDense(vectors, '', unnamed, refuse)
  if (typeof vectors !== 'object' || vectors === null || Array.isArray(vectors))
    throw refuse('the vectors of a point are not an object', `Pass them by name: { ${[...kinds.keys()].join(', ')} }.`)
  const given = Object.entries(vectors).filter(([, vector]) => vector !== undefined)
  return Object.fromEntries(given.map(([name, vector]) => [name, checkedVector(vector, name, kinds, refuse)]))
}

/** A vector of this name, if it is as declared. */
export function checkedVector(vector: unknown, name: string, kinds: VectorKinds, refuse: Refuse): AnyVector {
  const kind = kindOf(name, kinds, refuse)
  return kind.sparse ? checkedSparse(vector, name, refuse) : checkedDense(vector, name, kind, refuse)
}

/** The configuration of the vectors of this name. */
export function kindOf(name: string | undefined, kinds: VectorKinds, refuse: Refuse): VectorKind {
  const kind = kinds.get(name ?? '')
  if (kind !== undefined) return kind
  const names = [...kinds.keys()].map((known) => `"${known}"`)
  if (kinds.has('')) throw refuse(`there is no vector "${name}": the vectors of this collection have no names`, 'Leave "using" out.')
  const reason = name === undefined ? 'it is not said which vector is meant' : `there is no vector "${name}"`
  throw refuse(reason, `Use one of ${names.join(', ')}, or declare it.`)
}

function checkedDense(vector: unknown, name: string, { size }: { readonly size?: number }, refuse: Refuse): readonly number[] {
  if (!isList(vector)) throw refuse(`${vectorText(name)} is not a list of numbers`, embeddingHint)
  if (vector.length === 0) throw refuse(`${vectorText(name)} is empty`, embeddingHint)
  if (!vector.every(isKept)) throw refuse(`${vectorText(name)} has a number that is not finite`, embeddingHint)
  if (size !== undefined && vector.length !== size)
    throw refuse(
      `${vectorText(name)} has ${vector.length} numbers, and ${size} are declared`,
      'Use the embedding model that the declaration is for, or declare the size of this one.',
    )
  return vector
}

function checkedSparse(vector: unknown, name: string, refuse: Refuse): QdrantSparseVector {
  const { indices, values } = (vector ?? {}) as { readonly indices?: unknown; readonly values?: unknown }
  if (!isList(indices) || !isList(values)) throw refuse(`${vectorText(name)} is not a sparse vector`, 'Pass { indices, values }.')
  if (indices.length !== values.length)
    throw refuse(`${vectorText(name)} has ${indices.length} indices and ${values.length} values`, 'Pass one value for each index.')
  if (!indices.every((index) => Number.isInteger(index) && index >= 0 && index < indexEnd))
    throw refuse(`${vectorText(name)} has an index that is not an integer from 0 to 2^32 − 1`, 'Map each word or feature to such a number.')
  if (new Set(indices).size !== indices.length) {
    const twice = indices.find((index, at) => indices.indexOf(index) !== at)
    throw refuse(`${vectorText(name)} has the index ${twice} twice`, 'Pass each index once, with the sum of its values.')
  }
  if (!values.every(isKept)) throw refuse(`${vectorText(name)} has a value that is not finite`, embeddingHint)
  return { indices, values }
}

function isList(value: unknown): value is readonly number[] {
  return Array.isArray(value)
}

/** Qdrant keeps 32 bits of a number: what does not fit becomes infinite there. */
function isKept(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(Math.fround(value))
}
