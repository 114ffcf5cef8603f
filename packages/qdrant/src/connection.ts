import type { ResourceContext } from 'dagma'
import { sendsKeyInPlaintext } from 'dagma/author'
import { qdrantLinks } from './links.ts'
import type { ClientOptions } from './points-client.ts'
import { qdrantService } from './service.ts'
import { type QdrantServerSettings, type Server, serverOf } from './settings.ts'

/** The server or the local store that the settings name. */
export interface Connection {
  readonly backend: 'qdrant' | 'local'
  /** The dependencies of a client of this collection. `renamed` describes in hints how another one can be named. */
  readonly to: (collection: string, renamed: string) => ClientOptions
  readonly close: () => void
}

/** Opens what the settings name. It connects to nothing. @throws as opening the resource does */
export async function connect(settings: QdrantServerSettings, context: ResourceContext): Promise<Connection> {
  const server = serverOf(settings)
  return server === undefined ? openLocal(context) : openServer(settings, server, context)
}

function openServer(settings: QdrantServerSettings, server: Server, { log, signal }: ResourceContext): Connection {
  const { baseUrl } = server
  if (settings.apiKey?.isSet && sendsKeyInPlaintext(baseUrl))
    log.warning(`Qdrant: the API key is sent unencrypted to ${new URL(baseUrl).host}; use https.`)
  // A key that cannot be used is found out when the resource opens, not at the first call.
  if (settings.apiKey?.isSet) settings.apiKey.reveal()
  return {
    backend: 'qdrant',
    to: (collection, renamed) => ({
      backend: 'qdrant',
      collection,
      wire: qdrantService({ ...settings, collection }, server, signal),
      links: qdrantLinks({ ...settings, collection }),
      collectionUrl: `${baseUrl}/collections/${encodeURIComponent(collection)}`,
      renamed,
    }),
    close: () => {},
  }
}

async function openLocal({ projectFolder, signal }: ResourceContext): Promise<Connection> {
  // Loaded late: a project with a server needs neither SQLite nor its extension.
  const { openLocalWire } = await import('./local/local-wire.ts')
  const { close, ...wire } = openLocalWire(projectFolder, signal)
  return {
    backend: 'local',
    to: (collection, renamed) => ({ backend: 'local', collection, wire, links: {}, collectionUrl: '', renamed }),
    close,
  }
}
