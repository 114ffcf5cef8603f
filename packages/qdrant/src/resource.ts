import { type ResourceType, resource } from 'dagma'
import type { Qdrant, QdrantCollections } from './client.ts'
import { DeclaredClient, UnnamedClient } from './collection-client.ts'
import { connect } from './connection.ts'
import { probeCollections, probeQdrant } from './probe.ts'
import { checkSchema, type QdrantSchema } from './schema.ts'
import { checkCollection, type QdrantServerSettings, type QdrantSettings, QdrantSettingsError } from './settings.ts'

/** Functions to call when the resource closes, by client. */
const closers = new WeakMap<object, () => void>()

/** How a declared collection gets another name, in hints. */
const renamed = '"name" in its declaration'

/**
 * Qdrant, as a resource: one collection on the server that the settings name, or in the local store under `.dagma/qdrant-local/` when they name
 * none. Opening it connects to nothing. Assets name it under `resources` and get a {@link Qdrant}.
 * `resources: { qdrant: qdrant(() => qdrantFromEnv('docs')) }` reads the environment when a run opens it.
 * Several collections, named or sparse vectors, payload indexes: {@link qdrantCollections}.
 * @throws QdrantSettingsError, DAGMA_URL_INVALID or DAGMA_SECRET_SHORT when it opens with settings that cannot be used.
 * @example
 * ```ts
 * export default definitions({ resources: { qdrant: qdrant({ collection: 'docs', url: 'https://qdrant.example.com:6333' }) } })
 * ```
 */
export const qdrant: ResourceType<QdrantSettings, Qdrant> = resource({
  open: async (settings: QdrantSettings, context): Promise<Qdrant> => {
    checkCollection(settings.collection)
    const { to, close } = await connect(settings, context)
    const client = new UnnamedClient(to(settings.collection, 'QDRANT_COLLECTION'))
    closers.set(client, close)
    return client
  },
  close: (client) => closers.get(client)?.(),
  probe: probeQdrant,
})

/**
 * Declares a kind of resource with these collections, by key: their vectors, sparse vectors and payload indexes. Assets name it under `resources` and get
 * a {@link QdrantCollections}, whose `collection(key)` is typed by the declaration. It is bound and opened as {@link qdrant} is.
 * @throws QdrantSettingsError for a declaration that Qdrant refuses, with what is wrong in it.
 * @example
 * ```ts
 * const search = qdrantCollections({
 *   passages: { vectors: { body: { size: 2 } }, sparseVectors: { words: { modifier: 'idf' } }, payloadIndexes: { language: 'keyword' } },
 *   questions: { vectors: { size: 2 } },
 * })
 * const passages = asset({
 *   key: 'passages',
 *   resources: { search },
 *   run: async ({ resources: { search } }) => {
 *     const passages = search.collection('passages')
 *     await passages.ensureCollection()
 *     await passages.upsert([{ id: 'a', vector: { body: [0.1, 0.9], words: keywordVector('Qdrant keeps vectors') } }])
 *     return passages.count()
 *   },
 * })
 * export default definitions({ assets: [passages], resources: { search: search(qdrantServerFromEnv) } })
 * ```
 */
export function qdrantCollections<const Schemas extends { readonly [key: string]: QdrantSchema }>(
  schemas: Schemas,
): ResourceType<QdrantServerSettings, QdrantCollections<Schemas>> {
  for (const [key, schema] of Object.entries(schemas)) {
    checkSchema(key, schema)
    checkCollection(schema.name ?? key)
  }
  return resource({
    open: async (settings: QdrantServerSettings, context): Promise<QdrantCollections<Schemas>> => {
      const { backend, to, close } = await connect(settings, context)
      const client: QdrantCollections<Schemas> = {
        backend,
        collection: <Key extends keyof Schemas & string>(key: Key) => {
          const schema: Schemas[Key] | undefined = schemas[key]
          if (schema !== undefined) return new DeclaredClient<Schemas[Key]>(to(schema.name ?? key, renamed), schema)
          throw new QdrantSettingsError(`Qdrant: no collection "${key}" is declared. Use one of ${Object.keys(schemas).join(', ')}.`)
        },
      }
      closers.set(client, close)
      return client
    },
    close: (client) => closers.get(client)?.(),
    probe: (settings, context) => probeCollections(schemas, settings, context),
  })
}
