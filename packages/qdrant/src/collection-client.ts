import type { Qdrant, QdrantCollection, QdrantCollectionInfo, QdrantCollectionState } from './client.ts'
import { indexDifferences, stateOf, vectorDifferences, type WireCollection, wireSchema } from './collection-state.ts'
import { type ClientOptions, PointsClient } from './points-client.ts'
import { isUnnamed, type QdrantSchema, type QdrantUnnamed, type QdrantVectors, vectorKinds } from './schema.ts'

/** A client that knows how its collection is read and made. */
abstract class CollectionClient<Schema extends QdrantSchema> extends PointsClient<Schema> {
  protected async state(): Promise<QdrantCollectionState> {
    return stateOf(await this.calls.send<WireCollection>({ operation: 'read collection', method: 'GET' }))
  }

  /** Makes the collection with these vectors when it is missing. @throws ServiceError with status 409 when its vectors are others. */
  protected async ensureVectors(schema: QdrantSchema): Promise<{ readonly created: boolean; readonly state: QdrantCollectionState }> {
    const there = await this.calls.send<WireCollection | null>({ operation: 'read collection', method: 'GET', otherwise: { 404: null } })
    if (there === null) {
      const json = wireSchema(schema)
      // Another process may make it at the same moment: then it exists (409), and is read.
      const created = await this.calls.send<boolean>({ operation: 'create collection', method: 'PUT', json, otherwise: { 409: false } })
      if (created) return { created, state: { status: 'green' } }
    }
    const state = there === null ? await this.state() : stateOf(there)
    this.refuseDifferences(vectorDifferences(schema, state), this.calls.otherVectorsHint())
    return { created: false, state }
  }

  protected refuseDifferences(differences: readonly string[], hint: string): void {
    if (differences.length === 0) return
    const reason = `collection "${this.collection}" is not as declared: ${differences.join('; ')}`
    throw this.calls.failure({ operation: 'ensure collection', method: 'PUT', status: 409, reason, hint })
  }
}

/** The client of a collection with one vector per point, whose size is known when it is made. */
export class UnnamedClient extends CollectionClient<QdrantUnnamed> implements Qdrant {
  constructor(options: ClientOptions) {
    super(options, new Map([['', {}]]))
  }

  async ensureCollection({ size, distance = 'Cosine' }: QdrantVectors): Promise<{ readonly created: boolean }> {
    const { created } = await this.ensureVectors({ vectors: { size, distance } })
    return { created }
  }

  async collectionInfo(): Promise<QdrantCollectionInfo> {
    const { vectors = {}, status } = await this.state()
    if (isUnnamed(vectors)) return { size: vectors.size, distance: vectors.distance ?? 'Cosine', status }
    throw this.calls.failure({
      operation: 'read collection',
      method: 'GET',
      reason: `collection "${this.collection}" has named vectors`,
      hint: 'Declare it with qdrantCollections(), or use a collection with one unnamed vector per point.',
    })
  }
}

/** The client of a declared collection. */
export class DeclaredClient<Schema extends QdrantSchema> extends CollectionClient<Schema> implements QdrantCollection<Schema> {
  readonly #schema: Schema

  constructor(options: ClientOptions, schema: Schema) {
    super(options, vectorKinds(schema))
    this.#schema = schema
  }

  async ensureCollection(): Promise<{ readonly created: boolean }> {
    const { created, state } = await this.ensureVectors(this.#schema)
    const { missing, others } = indexDifferences(this.#schema, state)
    this.refuseDifferences(others, 'Delete the payload index in Qdrant, or declare the type that it has.')
    for (const [key, type] of missing) {
      const json = { field_name: key, field_schema: type }
      await this.calls.send({ operation: 'create payload index', method: 'PUT', below: '/index', query: { wait: 'true' }, json })
    }
    return { created }
  }

  collectionInfo(): Promise<QdrantCollectionState> {
    return this.state()
  }
}
