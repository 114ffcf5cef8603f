import { type HttpService, httpService } from 'dagma/author'
import type { QdrantSettings, Server } from './settings.ts'

/**
 * The client of the server that the settings name. A key that cannot be used is found out here.
 * @throws DAGMA_SECRET_SHORT
 */
export function qdrantService(
  { url, apiKey, timeoutMs, retries, collection }: QdrantSettings,
  { baseUrl }: Server,
  signal: AbortSignal,
): HttpService {
  const key = apiKey?.isSet ? apiKey : undefined
  key?.reveal()
  return httpService({
    system: 'Qdrant',
    baseUrl,
    baseUrlSetting: url ? 'QDRANT_URL' : 'QDRANT_HOST',
    authSetting: apiKey?.variable ?? 'QDRANT_API_KEY',
    ...(key && { auth: { header: 'api-key', value: key } }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retries !== undefined && { retries }),
    database: { system: 'qdrant', collection },
    signal,
    hints: {
      404: 'Check the name of the collection and the url, port and prefix of the resource, or make the collection with ensureCollection().',
    },
  })
}
