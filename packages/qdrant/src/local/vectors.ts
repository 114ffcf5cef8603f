import type { Distance } from '../wire.ts'
import { badRequest } from './refusal.ts'

/** How one distance is searched and scored. */
interface Measure {
  /** SQL that orders the rows of a vectors table, nearest first, up to rounding. `?` is the vector asked for. */
  readonly order: string
  /** Whether a higher score is nearer. */
  readonly higherIsNearer: boolean
  readonly score: (a: Float32Array, b: Float32Array) => number
}

/** Every distance, by Qdrant's name. A vector of zeros has no direction: its cosine distance is null in SQL, and its score is 0. */
export const measures: { readonly [Name in Distance]: Measure } = {
  Cosine: { order: 'coalesce(vec_distance_cosine(vector, ?), 1)', higherIsNearer: true, score: dot },
  Dot: { order: 'coalesce((vec_distance_cosine(vector, ?) - 1) * norm, 0)', higherIsNearer: true, score: dot },
  Euclid: { order: 'vec_distance_l2(vector, ?)', higherIsNearer: false, score: euclid },
  Manhattan: { order: 'vec_distance_l1(vector, ?)', higherIsNearer: false, score: manhattan },
}

/** `value` as a vector of these: of their size, and normalized under Cosine. */
export function vectorFor(
  value: unknown,
  { size, distance }: { readonly size: number; readonly distance: Distance },
): Float32Array<ArrayBuffer> {
  if (!Array.isArray(value) || value.some((number) => typeof number !== 'number')) throw badRequest('a vector must be an array of numbers')
  if (value.length !== size) throw badRequest(`Vector dimension error: expected dim: ${size}, got ${value.length}`)
  const vector = new Float32Array(value as number[])
  if (distance !== 'Cosine') return vector
  const squares = dot(vector, vector)
  // As the server does: what is zero or has length 1 already stays as it is.
  if (squares < 1.192_092_9e-7 || Math.abs(squares - 1) <= 1e-6) return vector
  const length = Math.sqrt(squares)
  return vector.map((number) => number / length)
}

/** Length of a vector. */
export function normOf(vector: Float32Array): number {
  return Math.sqrt(dot(vector, vector))
}

/** Bytes of a vector, or of the indices of a sparse one, as the database keeps it. */
export function toBytes(vector: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(vector.buffer)
}

/** The vector in bytes of the database. */
export function fromBytes(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  return new Float32Array(new Uint8Array(bytes).buffer)
}

function dot(a: Float32Array, b: Float32Array): number {
  let total = 0
  for (let i = 0; i < a.length; i += 1) total += (a[i] as number) * (b[i] as number)
  return total
}

function euclid(a: Float32Array, b: Float32Array): number {
  let total = 0
  for (let i = 0; i < a.length; i += 1) total += ((a[i] as number) - (b[i] as number)) ** 2
  return Math.sqrt(total)
}

function manhattan(a: Float32Array, b: Float32Array): number {
  let total = 0
  for (let i = 0; i < a.length; i += 1) total += Math.abs((a[i] as number) - (b[i] as number))
  return total
}
