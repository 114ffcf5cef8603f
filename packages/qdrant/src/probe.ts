import {
  type Finding,
  failedFinding,
  finding,
  type HttpService,
  type ProbeContext,
  pageFinding,
  plaintextKeyFindings,
  ServiceError,
} from 'dagma/author'
import { indexDifferences, stateOf, vectorDifferences, type WireCollection } from './collection-state.ts'
import { qdrantLinks } from './links.ts'
import type { QdrantSchema } from './schema.ts'
import { qdrantService } from './service.ts'
import { checkCollection, type QdrantServerSettings, type QdrantSettings, serverOf } from './settings.ts'

/** A collection to check, with its declaration if it has one. */
interface Probed {
  readonly collection: string
  /** The checks' name for it. */
  readonly check: string
  readonly schema?: QdrantSchema
}

/** The findings of `dagma doctor` for Qdrant: settings, server, version, key, collection and links, each with its own method and key. Nothing is made there. */
export function probeQdrant(settings: QdrantSettings, context: ProbeContext): Promise<Finding[]> {
  checkCollection(settings.collection)
  return probeServer([{ collection: settings.collection, check: 'collection' }], settings, context)
}

/** The same of declared collections, and how each differs from its declaration. */
export function probeCollections(
  schemas: { readonly [key: string]: QdrantSchema },
  settings: QdrantServerSettings,
  context: ProbeContext,
): Promise<Finding[]> {
  const collections = Object.entries(schemas).map(([key, schema]) => ({
    collection: schema.name ?? key,
    check: `collection ${key}`,
    schema,
  }))
  return probeServer(collections, settings, context)
}

async function probeServer(
  collections: readonly Probed[],
  settings: QdrantServerSettings,
  { timeoutMs, signal }: ProbeContext,
): Promise<Finding[]> {
  const server = serverOf(settings)
  if (server === undefined) return local(settings)
  const plaintext = plaintextKeyFindings(settings.apiKey, server.baseUrl)
  const serviceOf = (collection: string) => qdrantService({ ...settings, collection, timeoutMs, retries: 0 }, server, signal)
  const reachable = await reachableFinding(serviceOf(''))
  if (reachable.status === 'error') return [reachable, ...plaintext]
  const rest: Finding[] = []
  for (const probed of collections) {
    const findings = await restFindings(serviceOf(probed.collection), probed, settings)
    // The key is the same for all of them.
    rest.push(...findings.filter(({ check }) => check !== 'authentication' || !rest.some((earlier) => earlier.check === check)))
  }
  const [first] = collections
  const dashboard = first && qdrantLinks({ ...settings, collection: first.collection }).qdrant_dashboard_url?.value
  if (dashboard === undefined) return [reachable, ...plaintext]
  const setting = settings.uiUrl ? 'QDRANT_UI_URL' : settingOf(settings)
  const page = await pageFinding({ key: 'qdrant_dashboard_url', url: dashboard, system: 'Qdrant', setting }, { timeoutMs, signal })
  // A server without its web interface does everything that a project needs.
  return [reachable, ...plaintext, ...rest, page.status === 'error' ? { ...page, status: 'warning' } : page]
}

function local({ apiKey, port, https }: QdrantServerSettings): Finding[] {
  const fix = 'Set QDRANT_URL, or QDRANT_HOST, to use a server.'
  const backend: Finding = { check: 'backend', status: 'local', message: 'Using the local backend, which has no links.', fix }
  const set = [apiKey?.isSet && apiKey.variable, port !== undefined && 'the port', https !== undefined && 'https']
    .filter(Boolean)
    .join(' and ')
  if (set === '') return [backend]
  const message = `Neither is set, which leaves ${set} unused.`
  return [
    backend,
    { check: 'QDRANT_URL, QDRANT_HOST', status: 'warning', message, fix: 'Set one of them, for example QDRANT_URL=http://localhost:6333.' },
  ]
}

const settingOf = ({ url }: QdrantServerSettings): string => (url ? 'QDRANT_URL' : 'QDRANT_HOST')

async function reachableFinding(service: HttpService): Promise<Finding> {
  const check = 'reachable'
  try {
    const { version } = await service.json<{ version?: unknown }>({ operation: 'get version', method: 'GET', path: '' })
    if (typeof version === 'string' && /^\d[\w.+-]{0,40}$/.test(version))
      return { check, status: 'ok', message: `Qdrant ${version} answers.` }
    return {
      check,
      status: 'error',
      message: 'The server does not report a version, so it is probably not Qdrant.',
      fix: 'Check host, port (6333 for REST, not 6334) and prefix.',
    }
  } catch (error) {
    // Where even the version wants a key, the server is there nevertheless.
    if (error instanceof ServiceError && (error.status === 401 || error.status === 403))
      return { check, status: 'ok', message: 'Qdrant answers.' }
    return failedFinding(check, error)
  }
}

async function restFindings(
  service: HttpService,
  { collection, check, schema }: Probed,
  settings: QdrantServerSettings,
): Promise<Finding[]> {
  const { apiKey } = settings
  const path = `collections/${encodeURIComponent(collection)}`
  const letIn: Finding = {
    check: 'authentication',
    status: 'ok',
    message: apiKey?.isSet ? `The key in ${apiKey.variable} is accepted.` : 'No key is set, and none is required.',
  }
  let found: WireCollection | undefined
  try {
    found = (await service.json<{ result?: WireCollection }>({ operation: 'read collection', method: 'GET', path })).result
  } catch (error) {
    const status = error instanceof ServiceError ? error.status : undefined
    if (status === 401 || status === 403) return [failedFinding('authentication', error)]
    if (status !== 404) return [failedFinding('qdrant_collection_url', error)]
    const missing = `There is no collection "${collection}" on this server: the links would answer 404.`
    const name = schema === undefined ? 'its name (QDRANT_COLLECTION)' : 'its "name" in qdrantCollections()'
    const fix = `Materialize the asset that fills it, which creates it, or check ${name} and that ${settingOf(settings)} is the right server.`
    return [letIn, { check, status: 'error', message: missing, fix }]
  }
  const { qdrant_collection_url, qdrant_search_endpoint } = qdrantLinks({ ...settings, collection })
  const query = await finding('qdrant_search_endpoint', async () => {
    const call = {
      operation: 'query points',
      method: 'POST',
      path: `${path}/points/query`,
      json: { limit: 1, with_payload: false },
    } as const
    await service.json(call)
    return `${qdrant_search_endpoint?.value} answers POST.`
  })
  return [
    letIn,
    ...(schema === undefined || found === undefined
      ? [{ check, status: 'ok' as const, message: `Collection "${collection}" exists.` }]
      : declaredFindings(check, collection, schema, stateOf(found))),
    { check: 'qdrant_collection_url', status: 'ok', message: `${qdrant_collection_url?.value} answers GET.` },
    query,
  ]
}

/** How a collection differs from its declaration. */
function declaredFindings(check: string, collection: string, schema: QdrantSchema, state: QdrantSchema): Finding[] {
  const { missing, others } = indexDifferences(schema, state)
  const vectors = vectorDifferences(schema, state)
  const made = 'Materialize the asset that fills it: ensureCollection() makes it.'
  const findings: Finding[] = [
    ...vectors.map((difference) => ({
      check,
      status: 'error' as const,
      message: `Collection "${collection}" is not as declared: ${difference}.`,
      fix: 'Change the declaration, or delete the collection and materialize again the assets that fill it.',
    })),
    ...others.map((difference) => ({
      check,
      status: 'error' as const,
      message: `Collection "${collection}" is not as declared: ${difference}.`,
      fix: 'Delete the payload index in Qdrant, or declare the type that it has.',
    })),
    ...missing.map(([key, type]) => ({
      check,
      status: 'warning' as const,
      message: `Collection "${collection}" has no payload index of type ${type} on "${key}": filters on it are slow.`,
      fix: made,
    })),
  ]
  return findings.length > 0 ? findings : [{ check, status: 'ok', message: `Collection "${collection}" exists, as declared.` }]
}
