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
import { qdrantLinks } from './links.ts'
import { qdrantService } from './service.ts'
import { type QdrantSettings, serverOf } from './settings.ts'

/** What `dagma doctor` says of Qdrant: settings, server, version, key, collection and links, each with its own method and key. Nothing is made there. */
export async function probeQdrant(settings: QdrantSettings, { timeoutMs, signal }: ProbeContext): Promise<Finding[]> {
  const server = serverOf(settings)
  if (server === undefined) return local(settings)
  const service = qdrantService({ ...settings, timeoutMs, retries: 0 }, server, signal)
  const reachable = await reachableFinding(service)
  if (reachable.status === 'error') return [reachable, ...plaintextKeyFindings(settings.apiKey, server.baseUrl)]
  const rest = await restFindings(service, settings)
  const dashboard = qdrantLinks(settings).qdrant_dashboard_url?.value ?? ''
  const setting = settings.uiUrl ? 'QDRANT_UI_URL' : settingOf(settings)
  const page = await pageFinding({ key: 'qdrant_dashboard_url', url: dashboard, system: 'Qdrant', setting }, { timeoutMs, signal })
  // A server without its web interface does all that a project needs.
  return [
    reachable,
    ...plaintextKeyFindings(settings.apiKey, server.baseUrl),
    ...rest,
    page.status === 'error' ? { ...page, status: 'warning' } : page,
  ]
}

function local({ apiKey, port, https }: QdrantSettings): Finding[] {
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

const settingOf = ({ url }: QdrantSettings): string => (url ? 'QDRANT_URL' : 'QDRANT_HOST')

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
    // Where even the version wants a key, the server is there all the same.
    if (error instanceof ServiceError && (error.status === 401 || error.status === 403))
      return { check, status: 'ok', message: 'Qdrant answers.' }
    return failedFinding(check, error)
  }
}

async function restFindings(service: HttpService, settings: QdrantSettings): Promise<Finding[]> {
  const { collection, apiKey } = settings
  const path = `collections/${encodeURIComponent(collection)}`
  const letIn: Finding = {
    check: 'authentication',
    status: 'ok',
    message: apiKey?.isSet ? `The key in ${apiKey.variable} is accepted.` : 'No key is set, and none is required.',
  }
  try {
    await service.json({ operation: 'read collection', method: 'GET', path })
  } catch (error) {
    const status = error instanceof ServiceError ? error.status : undefined
    if (status === 401 || status === 403) return [failedFinding('authentication', error)]
    if (status !== 404) return [failedFinding('qdrant_collection_url', error)]
    const missing = `There is no collection "${collection}" on this server: the links would answer 404.`
    const fix = `Materialize the asset that fills it, which creates it, or check its name (QDRANT_COLLECTION) and that ${settingOf(settings)} is the right server.`
    return [letIn, { check: 'collection', status: 'error', message: missing, fix }]
  }
  const { qdrant_collection_url, qdrant_search_endpoint } = qdrantLinks(settings)
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
    { check: 'collection', status: 'ok', message: `Collection "${collection}" is there.` },
    { check: 'qdrant_collection_url', status: 'ok', message: `${qdrant_collection_url?.value} answers GET.` },
    query,
  ]
}
