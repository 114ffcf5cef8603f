import { MetadataValue } from 'dagma'
import { deepLink } from 'dagma/author'
import { checkCollection, type QdrantSettings, serverOf } from './settings.ts'

/**
 * Links to the resource's server, ready to be metadata. All are absent with the local store.
 * `qdrant_collection_url` and `qdrant_search_endpoint` are REST addresses for health checks: a browser is answered 400 or 401 where they want POST
 * or a key. `qdrant_dashboard_url` is a page.
 */
export interface QdrantLinks {
  readonly qdrant_collection_url?: MetadataValue<'url'>
  readonly qdrant_search_endpoint?: MetadataValue<'url'>
  readonly qdrant_dashboard_url?: MetadataValue<'url'>
}

/**
 * Links to the server that the settings name; none when they name none. Known before anything runs: good for the metadata of a definition, too.
 * @throws as opening the resource does, for settings that cannot be used
 * @example
 * ```ts
 * const links = qdrantLinks({ collection: 'docs', url: 'https://qdrant.example.com:6333' })
 * ```
 */
export function qdrantLinks(settings: QdrantSettings): QdrantLinks {
  checkCollection(settings.collection)
  const server = serverOf(settings)
  if (server === undefined) return {}
  const name = encodeURIComponent(settings.collection)
  const link = (base: string, path: string) => MetadataValue.url(deepLink(base, path))
  return {
    qdrant_collection_url: link(server.baseUrl, `collections/${name}`),
    qdrant_search_endpoint: link(server.baseUrl, `collections/${name}/points/query`),
    qdrant_dashboard_url: link(server.uiUrl, `dashboard#/collections/${name}`),
  }
}
