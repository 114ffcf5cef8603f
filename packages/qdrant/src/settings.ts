import { type Secret, secret } from 'dagma'
import { checkedHttpUrl, deepLink } from 'dagma/author'

/**
 * Where Qdrant is. With `url` or `host` it is that server; without both it is the local store. An empty text counts as absent, so that a variable of
 * the environment can be handed over as it is.
 */
export interface QdrantServerSettings {
  /** Root of the server's REST API, http or https, without user info. A URL without a port keeps its scheme's own, 443 or 80. A path is the prefix. */
  readonly url?: string | undefined
  /** Host name or address of the server, in place of `url`. */
  readonly host?: string | undefined
  /** Port of the server. Default: with `host` 6333, with `url` the one in it. */
  readonly port?: number | undefined
  /** Whether `host` is reached by https. Default false; never switched on by a key. */
  readonly https?: boolean | undefined
  /** Path before the API, where a proxy adds one. Default: the path of `url`, or none. */
  readonly prefix?: string | undefined
  /** Key, sent only in the `api-key` header. Default, and when its variable is not set: none is sent. */
  readonly apiKey?: Secret | undefined
  /** Root of the web UI, for links to the dashboard. Default: root of the API. */
  readonly uiUrl?: string | undefined
  /** How long a request may take to be answered, in milliseconds. Default 30,000; at most 300,000. */
  readonly timeoutMs?: number | undefined
  /** How often a failed request is retried. Default 2. Waits 300 ms, doubled each time, or what the server asks for, up to 30 s. */
  readonly retries?: number | undefined
}

/** Settings of the `qdrant` resource: a server, or the local store, and one collection. */
export interface QdrantSettings extends QdrantServerSettings {
  /** Name of the collection, 1 to 255 characters, without control characters and any of `< > : " / \ | ? *`. */
  readonly collection: string
}

/** A Qdrant server, as the settings say. */
export interface Server {
  /** Without a trailing slash. */
  readonly baseUrl: string
  readonly uiUrl: string
}

/** Settings that cannot be used: the message says which one, why, and how to fix it. */
export class QdrantSettingsError extends Error {
  override readonly name = 'QdrantSettingsError'
}

/**
 * The server that the settings name; undefined when they name none, which means the local store.
 * @throws QdrantSettingsError, or DAGMA_URL_INVALID for a URL that is not http or https or has user info.
 */
export function serverOf(settings: QdrantServerSettings): Server | undefined {
  const { url, host } = settings
  checkPort(settings.port)
  if (url && host) throw new QdrantSettingsError('Qdrant: both url and host are set. Set one of them.')
  if (!url && !host) return undefined
  const baseUrl = url ? baseOfUrl(url, settings) : baseOfHost(host as string, settings)
  return { baseUrl, uiUrl: settings.uiUrl ? deepLink(checkedHttpUrl(settings.uiUrl, 'The uiUrl of Qdrant'), '') : baseUrl }
}

/** Declared when the module loads, so that redaction knows it from the start. */
const environmentKey = secret('QDRANT_API_KEY')

/**
 * Settings of a single collection from the environment, read when called: those of {@link qdrantServerFromEnv}, and `QDRANT_COLLECTION`. The collection
 * is `collection` when the last one is not set.
 * @throws QdrantSettingsError when `QDRANT_USE_HTTPS` cannot be read.
 * @example
 * ```ts
 * export default definitions({ resources: { qdrant: qdrant(() => qdrantFromEnv('docs')) } })
 * ```
 */
export function qdrantFromEnv(collection: string): QdrantSettings {
  return { ...qdrantServerFromEnv(), collection: process.env.QDRANT_COLLECTION || collection }
}

/**
 * Where Qdrant is, from the environment, read when called: `QDRANT_URL` or `QDRANT_HOST`, `QDRANT_PORT`, `QDRANT_USE_HTTPS` (true or false),
 * `QDRANT_PREFIX`, `QDRANT_API_KEY` and `QDRANT_UI_URL`.
 * @throws QdrantSettingsError when `QDRANT_USE_HTTPS` cannot be read.
 * @example
 * ```ts
 * const search = qdrantCollections({ passages: { vectors: { size: 384 } } })
 * export default definitions({ resources: { search: search(qdrantServerFromEnv) } })
 * ```
 */
export function qdrantServerFromEnv(): QdrantServerSettings {
  const { env } = process
  const https = env.QDRANT_USE_HTTPS?.toLowerCase()
  if (https && https !== 'true' && https !== 'false') throw new QdrantSettingsError('Qdrant: QDRANT_USE_HTTPS must be true or false.')
  return {
    url: env.QDRANT_URL,
    host: env.QDRANT_HOST,
    port: env.QDRANT_PORT ? Number(env.QDRANT_PORT) : undefined,
    https: https ? https === 'true' : undefined,
    prefix: env.QDRANT_PREFIX,
    apiKey: environmentKey,
    uiUrl: env.QDRANT_UI_URL,
  }
}

function baseOfUrl(text: string, { port, https, prefix }: QdrantServerSettings): string {
  const url = new URL(checkedHttpUrl(text, 'The url of Qdrant'))
  if (url.search || url.hash) throw new QdrantSettingsError('Qdrant: url has a query or a hash. Set it to the root of the API only.')
  if (https !== undefined && https !== (url.protocol === 'https:')) {
    throw new QdrantSettingsError(`Qdrant: url starts with ${url.protocol}// but https is ${https}. Leave https unset: the url decides it.`)
  }
  // Read from the text, since URL leaves out the port that its scheme has by itself.
  const written = /^\s*https?:\/\/(?:\[[^\]]*\]|[^:/?#]*):(\d+)/i.exec(text)?.[1]
  if (port !== undefined && written !== undefined && port !== Number(written))
    throw new QdrantSettingsError('Qdrant: url and port name different ports. Set the port in one place.')
  if (port !== undefined) url.port = String(port)
  const path = prefixPath(url.pathname)
  if (path && prefix && path !== prefixPath(prefix))
    throw new QdrantSettingsError('Qdrant: url has another path than prefix. Set the path in one place.')
  return `${url.origin}${path || prefixPath(prefix)}`
}

function baseOfHost(host: string, { port = 6333, https = false, prefix }: QdrantServerSettings): string {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  const url = URL.parse(`${https ? 'https' : 'http'}://${name}`)
  if (url === null || url.hostname !== name.toLowerCase() || url.username) {
    throw new QdrantSettingsError('Qdrant: host is not a host name or address. Set it without scheme, port and path, or set url instead.')
  }
  url.port = String(port)
  return `${url.origin}${prefixPath(prefix)}`
}

/** `/a/b`, or empty. */
function prefixPath(prefix: string | undefined): string {
  const parts = (prefix ?? '').split('/').filter((part) => part !== '')
  if (parts.some((part) => !/^[\w.~%+-]+$/.test(part) || /^\.+$/.test(part)))
    throw new QdrantSettingsError('Qdrant: the prefix is not a path. Use parts of letters and digits with "/" between them.')
  return parts.map((part) => `/${part}`).join('')
}

function checkPort(port: number | undefined): void {
  if (port === undefined || (Number.isInteger(port) && port > 0 && port < 65_536)) return
  throw new QdrantSettingsError(`Qdrant: port is ${port}. Use an integer from 1 to 65,535, or leave it unset.`)
}

/** @throws QdrantSettingsError for a name that Qdrant refuses. */
export function checkCollection(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (typeof name === 'string' && name.length > 0 && name.length <= 255 && !/[\u0000-\u001f<>:"/\\|?*]|^\.\.?$/.test(name)) return
  throw new QdrantSettingsError(
    'Qdrant: the collection has a name that Qdrant refuses. Use 1 to 255 characters without < > : " / \\ | ? * and control characters.',
  )
}
