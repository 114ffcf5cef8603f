import type { StoredId } from '../wire.ts'
import type { DenseVectors, LocalCollection, LocalDatabase, SparseVectors } from './database.ts'
import { asArray, asObject, badRequest, Refusal } from './refusal.ts'
import { type SparseVector, sparseFor } from './sparse.ts'
import { fromBytes, normOf, toBytes, vectorFor } from './vectors.ts'

/** Vectors of a point, checked, by the name of their kind. */
export type PointVectors = ReadonlyMap<string, Float32Array<ArrayBuffer> | SparseVector>

/** The kind of vectors of this name. */
export function vectorsOf({ vectors }: LocalCollection, name: unknown): DenseVectors | SparseVectors {
  const kind = vectors.get(String(name))
  if (kind === undefined) throw badRequest('Not existing vector name error')
  return kind
}

/** The vectors of a point in a request: one list of numbers, or an object with vectors by name. */
export function pointVectors(collection: LocalCollection, given: unknown): PointVectors {
  const byName = collection.vectors.has('') ? { '': given } : asObject(given, 'the vectors of a point')
  return new Map(
    Object.entries(byName).map(([name, vector]) => {
      const kind = vectorsOf(collection, name)
      return [name, kind.kind === 'dense' ? vectorFor(vector, kind) : sparseFor(vector)]
    }),
  )
}

/** Writes the vectors of a point. */
export function insertVectors(db: LocalDatabase, collection: LocalCollection, seq: number | bigint, vectors: PointVectors): void {
  for (const [name, vector] of vectors) {
    const kind = vectorsOf(collection, name)
    if (vector instanceof Float32Array) {
      db.statement(`INSERT INTO ${kind.table} (seq, vector, norm) VALUES (?, ?, ?)`).run(seq, toBytes(vector), normOf(vector))
      continue
    }
    const { indices, values } = vector
    db.statement(`INSERT INTO ${kind.table} (seq, indices, weights) VALUES (?, ?, ?)`).run(seq, toBytes(indices), toBytes(values))
    if (kind.kind === 'dense') continue
    const insert = db.statement(`INSERT INTO ${kind.postings} (place, seq, weight) VALUES (?, ?, ?)`)
    for (const [at, place] of indices.entries()) insert.run(place, seq, values[at] as number)
  }
}

/** Removes a point and its vectors. */
export function removePoint(db: LocalDatabase, { points, vectors }: LocalCollection, id: StoredId): void {
  const seq = db.statement(`DELETE FROM ${points} WHERE id = ? RETURNING seq`).get(id)?.['seq']
  if (seq === undefined) return
  for (const kind of vectors.values()) {
    if (kind.kind === 'sparse') {
      const drop = db.statement(`DELETE FROM ${kind.postings} WHERE place = ? AND seq = ?`)
      for (const place of sparseAt(db, kind, Number(seq))?.indices ?? []) drop.run(place, seq)
    }
    db.statement(`DELETE FROM ${kind.table} WHERE seq = ?`).run(seq)
  }
}

/** The place of a point in the order of writes. */
export function seqOf(db: LocalDatabase, { points }: LocalCollection, id: StoredId): number | undefined {
  const seq = db.statement(`SELECT seq FROM ${points} WHERE id = ?`).get(id)?.['seq']
  return seq === undefined ? undefined : Number(seq)
}

/** The vector of a stored point, in the form of a request. */
export function storedVector(db: LocalDatabase, collection: LocalCollection, kind: DenseVectors | SparseVectors, id: StoredId): object {
  const seq = seqOf(db, collection, id)
  const hint = 'Query by a vector, or by the id of a stored point.'
  if (seq === undefined) throw new Refusal(404, 'the point to start from does not exist', hint)
  const vector = vectorAt(db, kind, seq)
  if (vector === undefined) throw new Refusal(404, 'the point to start from has no such vector', hint)
  return vector
}

/** Reads the wanted vectors of a point: all, none, or those of some names. */
export function vectorReader(
  db: LocalDatabase,
  { vectors }: LocalCollection,
  wanted: unknown,
): (seq: number) => { readonly vector?: object } {
  if (wanted === false || wanted === undefined || wanted === null) return () => ({})
  const unnamed = vectors.get('')
  const names = wanted === true ? [...vectors.keys()] : asArray(wanted, 'with_vector').map(String)
  return (seq) => {
    const found = names.flatMap((name) => {
      const kind = vectors.get(name)
      const vector = kind && vectorAt(db, kind, seq)
      return vector === undefined ? [] : [[name, vector] as const]
    })
    return { vector: unnamed === undefined ? Object.fromEntries(found) : (found[0]?.[1] ?? {}) }
  }
}

function vectorAt(db: LocalDatabase, kind: DenseVectors | SparseVectors, seq: number): object | undefined {
  if (kind.kind === 'dense') {
    const row = db.statement(`SELECT vector FROM ${kind.table} WHERE seq = ?`).get(seq)
    return row && [...fromBytes(row['vector'] as Uint8Array)]
  }
  const sparse = sparseAt(db, kind, seq)
  return sparse && { indices: [...sparse.indices], values: [...sparse.values] }
}

function sparseAt(db: LocalDatabase, { table }: SparseVectors, seq: number): SparseVector | undefined {
  const row = db.statement(`SELECT indices, weights FROM ${table} WHERE seq = ?`).get(seq)
  if (row === undefined) return undefined
  const indices = new Uint32Array(new Uint8Array(row['indices'] as Uint8Array).buffer)
  return { indices, values: fromBytes(row['weights'] as Uint8Array) }
}
