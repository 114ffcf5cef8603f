import { distances, indexTypes, isUnnamed } from '../schema.ts'
import type { LocalDatabase, NewVectors } from './database.ts'
import { asObject, badRequest, onlyMembers } from './refusal.ts'

/** The configuration of a collection, in Qdrant's form. */
export function describeCollection(db: LocalDatabase, name: string): object {
  const { vectors, payloadIndexes } = db.transaction('DEFERRED', () => db.collection(name))
  const dense: { [name: string]: object } = {}
  const sparse: { [name: string]: object } = {}
  for (const [vectorName, kind] of vectors) {
    if (kind.kind === 'dense') dense[vectorName] = { size: kind.size, distance: kind.distance }
    else sparse[vectorName] = kind.modifier === undefined ? {} : { modifier: kind.modifier }
  }
  const params = { vectors: dense[''] ?? dense, ...(Object.keys(sparse).length > 0 && { sparse_vectors: sparse }) }
  const payload_schema = Object.fromEntries([...payloadIndexes].map(([key, type]) => [key, { data_type: type }]))
  return { status: 'green', config: { params }, payload_schema }
}

/** Makes a collection. */
export function createCollection(db: LocalDatabase, name: string, json: unknown): boolean {
  const body = asObject(json, 'the body')
  onlyMembers(body, ['vectors', 'sparse_vectors'], 'collection option')
  const vectors = asObject(body['vectors'] ?? {}, 'vectors')
  const kinds = new Map<string, NewVectors>(
    Object.entries(isUnnamed(vectors) ? { '': vectors } : vectors).map(([vectorName, params]) => [vectorName, denseVectors(params)]),
  )
  for (const [vectorName, params] of Object.entries(asObject(body['sparse_vectors'] ?? {}, 'sparse_vectors'))) {
    if (kinds.has(vectorName)) throw badRequest(`the vector name "${vectorName}" is used twice`)
    kinds.set(vectorName, sparseVectors(params))
  }
  db.transaction('IMMEDIATE', () => db.createCollection(name, kinds))
  return true
}

/** Notes a payload index: it changes what is found neither here nor on a server. */
export function createPayloadIndex(db: LocalDatabase, name: string, json: unknown): object {
  const body = asObject(json, 'the body')
  onlyMembers(body, ['field_name', 'field_schema'], 'option of a payload index')
  const { field_name: key, field_schema: type } = body
  if (typeof key !== 'string' || key === '') throw badRequest('field_name must be a payload key')
  const known = indexTypes.find((indexType) => indexType === type)
  if (known === undefined) throw badRequest(`field_schema must be one of ${indexTypes.join(', ')}`)
  db.transaction('IMMEDIATE', () => db.createPayloadIndex(name, key, known))
  return { status: 'completed' }
}

/** Removes a collection. Returns whether there was one. */
export function dropCollection(db: LocalDatabase, name: string): boolean {
  return db.transaction('IMMEDIATE', () => db.dropCollection(name))
}

function denseVectors(params: unknown): NewVectors {
  const vectors = asObject(params, 'vectors')
  onlyMembers(vectors, ['size', 'distance'], 'option of vectors')
  const { size, distance } = vectors
  if (!Number.isInteger(size) || (size as number) < 1 || (size as number) > 65_536)
    throw badRequest('the size of vectors must be an integer from 1 to 65,536')
  const known = distances.find((name) => name === distance)
  if (known === undefined) throw badRequest('the distance must be Cosine, Dot, Euclid or Manhattan')
  return { kind: 'dense', size: size as number, distance: known }
}

function sparseVectors(params: unknown): NewVectors {
  const vectors = asObject(params ?? {}, 'sparse vectors')
  onlyMembers(vectors, ['modifier'], 'option of sparse vectors')
  const { modifier } = vectors
  if (modifier !== undefined && modifier !== 'idf') throw badRequest('the modifier of sparse vectors must be idf')
  return { kind: 'sparse', modifier }
}
