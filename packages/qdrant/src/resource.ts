import { type ResourceContext, type ResourceType, resource } from 'dagma'
import { sendsKeyInPlaintext } from 'dagma/author'
import type { Qdrant } from './client.ts'
import { CollectionClient } from './collection-client.ts'
import { qdrantLinks } from './links.ts'
import { probeQdrant } from './probe.ts'
import { qdrantService } from './service.ts'
import { type QdrantSettings, type Server, serverOf } from './settings.ts'
import type { Wire } from './wire.ts'

/** What must be closed when the resource closes, by client. */
const closers = new WeakMap<Qdrant, () => void>()

/**
 * Qdrant, as a resource: one collection on the server that the settings name, or in the local store under `.dagma/qdrant-local/` when they name
 * none. Opening it connects to nothing. Assets name it under `resources` and get a {@link Qdrant}.
 * `resources: { qdrant: qdrant(() => qdrantFromEnv('docs')) }` reads the environment when a run opens it.
 * @throws QdrantSettingsError, DAGMA_URL_INVALID or DAGMA_SECRET_SHORT when it opens with settings that cannot be used.
 * @example
 * ```ts
 * export default definitions({ resources: { qdrant: qdrant({ collection: 'docs', url: 'https://qdrant.example.com:6333' }) } })
 * ```
 */
export const qdrant: ResourceType<QdrantSettings, Qdrant> = resource({
  open: async (settings: QdrantSettings, context): Promise<Qdrant> => {
    const server = serverOf(settings)
    return server === undefined ? openLocal(settings, context) : openServer(settings, server, context)
  },
  close: (client) => closers.get(client)?.(),
  probe: probeQdrant,
})

function openServer(settings: QdrantSettings, server: Server, { log, signal }: ResourceContext): Qdrant {
  const { apiKey, collection } = settings
  const wire = qdrantService(settings, server, signal)
  if (apiKey?.isSet && sendsKeyInPlaintext(server.baseUrl))
    log.warning(`Qdrant: the API key goes unencrypted to ${new URL(server.baseUrl).host}; use https.`)
  const collectionUrl = `${server.baseUrl}/collections/${encodeURIComponent(collection)}`
  return new CollectionClient({ backend: 'qdrant', collection, wire, links: qdrantLinks(settings), collectionUrl })
}

async function openLocal({ collection }: QdrantSettings, { projectFolder, signal }: ResourceContext): Promise<Qdrant> {
  // Loaded late: a project with a server needs neither SQLite nor its extension.
  const { openLocalWire } = await import('./local/local-wire.ts')
  const local = openLocalWire(projectFolder, signal)
  const wire: Wire = local
  const client = new CollectionClient({ backend: 'local', collection, wire, links: {}, collectionUrl: '' })
  closers.set(client, local.close)
  return client
}
