import { asArray, asObject, badRequest, Refusal } from './refusal.ts'

/** A sparse vector, in the order of its indices. */
export interface SparseVector {
  readonly indices: Uint32Array<ArrayBuffer>
  readonly values: Float32Array<ArrayBuffer>
}

/** `value` as a sparse vector, if it is one. */
export function sparseFor(value: unknown): SparseVector {
  const given = asObject(value, 'a sparse vector')
  const indices = asArray(given['indices'], 'indices')
  const values = asArray(given['values'], 'values')
  if (!indices.every((index) => Number.isInteger(index) && (index as number) >= 0 && (index as number) < 2 ** 32))
    throw badRequest('an index of a sparse vector must be an integer from 0 to 2^32 − 1')
  if (!values.every((number) => typeof number === 'number')) throw badRequest('the values of a sparse vector must be numbers')
  if (indices.length !== values.length) throw new Refusal(422, 'a sparse vector must have as many values as indices')
  if (new Set(indices).size !== indices.length) throw new Refusal(422, 'the indices of a sparse vector must be unique')
  const order = [...indices.keys()].sort((a, b) => (indices[a] as number) - (indices[b] as number))
  return {
    indices: Uint32Array.from(order, (at) => indices[at] as number),
    values: Float32Array.from(order, (at) => values[at] as number),
  }
}

/** How rare an index is that `having` of `all` vectors have, as Qdrant's modifier `idf` has it. */
export function inverseFrequency(all: number, having: number): number {
  return Math.log((all - having + 0.5) / (having + 0.5) + 1)
}
