import { type ResourceContext, type ResourceType, resource } from 'dagma'
import { httpService } from 'dagma/author'
import { CollectionClient } from './client.ts'
import type { Qdrant } from './qdrant.ts'
import { type QdrantSettings, qdrantLinks, type Server, serverOf } from './settings.ts'
import type { Wire } from './wire.ts'

/** What must be closed when the resource closes, by client. */
const closers = new WeakMap<Qdrant, () => void>()

/**
 * Qdrant, as a resource: one collection on the server that the settings name, or in the local store under `.dagma/qdrant-local/` when they name
 * none. Opening it connects to nothing. Assets name it under `resources` and get a {@link Qdrant}.
 * `resources: { qdrant: qdrant(() => qdrantFromEnv('docs')) }` reads the environment when a run opens it.
 * @throws QdrantSettingsError, DAGMA_URL_INVALID or DAGMA_SECRET_SHORT when it opens with settings that cannot be used.
 */
export const qdrant: ResourceType<QdrantSettings, Qdrant> = resource({
  open: async (settings: QdrantSettings, context): Promise<Qdrant> => {
    const server = serverOf(settings)
    return server === undefined ? openLocal(settings, context) : openServer(settings, server, context)
  },
  close: (client) => closers.get(client)?.(),
})

function openServer(settings: QdrantSettings, server: Server, { log, signal }: ResourceContext): Qdrant {
  const { apiKey, collection, timeoutMs, retries } = settings
  const key = apiKey?.isSet ? apiKey : undefined
  key?.reveal()
  if (key && isOpenToOthers(server.baseUrl))
    log.warning(`Qdrant: the API key goes unencrypted to ${new URL(server.baseUrl).host}; use https.`)
  const wire = httpService({
    system: 'Qdrant',
    baseUrl: server.baseUrl,
    baseUrlSetting: settings.url ? 'QDRANT_URL' : 'QDRANT_HOST',
    authSetting: apiKey?.variable ?? 'QDRANT_API_KEY',
    ...(key && { auth: { header: 'api-key', value: key } }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retries !== undefined && { retries }),
    signal,
    cures: {
      404: 'Check the name of the collection and the url, port and prefix of the resource, or make the collection with ensureCollection().',
    },
  })
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

function isOpenToOthers(baseUrl: string): boolean {
  const { protocol, hostname } = new URL(baseUrl)
  return protocol === 'http:' && !/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}
