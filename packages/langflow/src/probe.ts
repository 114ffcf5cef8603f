import {
  checkedHttpUrl,
  type Finding,
  failedFinding,
  finding,
  type HttpService,
  isHttpUrl,
  type ProbeContext,
  pageFinding,
  ServiceError,
} from 'dagma/author'
import { langflowFlowUrl, langflowUiUrl } from './links.ts'
import { isWell, langflowService, serverVersion } from './rest.ts'
import type { LangflowSettings } from './settings.ts'

/** The findings of `dagma doctor` for LangFlow: variables, server, version, key, flow and links. No flow is run. */
export async function probeLangflow(settings: LangflowSettings, { timeoutMs, signal }: ProbeContext): Promise<Finding[]> {
  const { baseUrl } = settings
  if (!baseUrl) return local(settings)
  const variables = uiFinding(settings)
  const base = await finding('LANGFLOW_BASE_URL', () => checkedHttpUrl(baseUrl, 'LANGFLOW_BASE_URL'))
  if (base.status === 'error') return [base, ...variables]
  const service = langflowService(baseUrl, { ...settings, timeoutMs }, signal, { retries: 0 })
  const reachable = await reachableFinding(service)
  const links = await linkFindings(settings, { timeoutMs, signal })
  if (reachable.status === 'error') return [reachable, ...variables, ...links]
  const authentication = await authenticationFinding(service, settings)
  const flow = authentication.status === 'error' ? [] : [await flowFinding(service, settings)]
  return [reachable, authentication, ...flow, ...variables, ...links]
}

function local({ apiKey, defaultFlowId }: LangflowSettings): Finding[] {
  const fix = 'Set LANGFLOW_BASE_URL to use a server.'
  const backend: Finding = { check: 'backend', status: 'local', message: 'Using the local backend, which has no links.', fix }
  const set = [apiKey?.isSet && apiKey.variable, defaultFlowId && 'LANGFLOW_DEFAULT_FLOW_ID'].filter(Boolean).join(' and ')
  if (set === '') return [backend]
  const message = `It is not set, which leaves ${set} unused.`
  return [
    backend,
    {
      check: 'LANGFLOW_BASE_URL',
      status: 'warning',
      message,
      fix: 'Set it to the address of LangFlow, for example http://localhost:7860.',
    },
  ]
}

function uiFinding({ uiUrl }: LangflowSettings): Finding[] {
  if (!uiUrl || isHttpUrl(uiUrl)) return []
  const message = 'It is not an http or https URL without user name and password, so links go to LANGFLOW_BASE_URL instead.'
  return [{ check: 'uiUrl', status: 'error', message, fix: 'Set it to the address at which a browser reaches LangFlow, or unset it.' }]
}

async function reachableFinding(service: HttpService): Promise<Finding> {
  const check = 'reachable'
  return finding(check, async () => {
    if (!(await isWell(service))) throw new Error("The server reports that it is unhealthy. See LangFlow's log.")
    return `LangFlow ${await serverVersion(service)} answers.`
  })
}

async function authenticationFinding(service: HttpService, { apiKey }: LangflowSettings): Promise<Finding> {
  // The endpoint returns the current user; only its status counts.
  return finding('authentication', async () => {
    await service.json({ operation: 'check key', method: 'GET', path: 'api/v1/users/whoami' })
    return apiKey?.isSet ? `The key in ${apiKey.variable} is accepted.` : 'No key is set, and none is required.'
  })
}

async function flowFinding(service: HttpService, { defaultFlowId }: LangflowSettings): Promise<Finding> {
  const check = 'LANGFLOW_DEFAULT_FLOW_ID'
  if (!defaultFlowId) {
    const message = 'It is not set: each call must name its flow.'
    return {
      check,
      status: 'warning',
      message,
      fix: "Set it to the id of the flow that runs by default: it is in the address of the flow's page in LangFlow.",
    }
  }
  const isId = langflowFlowUrl({ baseUrl: 'http://ui' }, defaultFlowId) !== undefined
  try {
    if (isId) {
      await service.json({ operation: 'get flow', method: 'GET', path: `api/v1/flows/${encodeURIComponent(defaultFlowId)}` })
      return { check, status: 'ok', message: `Flow ${defaultFlowId} exists.` }
    }
    const query = { get_all: 'true', header_flows: 'true' }
    const flows = await service.json<readonly { endpoint_name?: unknown }[]>({
      operation: 'list flows',
      method: 'GET',
      path: 'api/v1/flows/',
      query,
    })
    if (Array.isArray(flows) && flows.some((flow) => flow?.endpoint_name === defaultFlowId))
      return { check, status: 'ok', message: `The endpoint name "${defaultFlowId}" is there; only an id gives a link to the flow's page.` }
    const fix = "Set it to the flow's id, or to the endpoint name in its settings; the flow's title is neither."
    return { check, status: 'error', message: `No flow has the id or endpoint name "${defaultFlowId}".`, fix }
  } catch (error) {
    if (error instanceof ServiceError && error.status === 404) {
      const fix = 'Take the id from the address of the flow’s page in LangFlow; the key must be of a user who may see the flow.'
      return { check, status: 'error', message: `There is no flow ${defaultFlowId}.`, fix }
    }
    return failedFinding(check, error)
  }
}

async function linkFindings(settings: LangflowSettings, context: Pick<ProbeContext, 'timeoutMs' | 'signal'>): Promise<Finding[]> {
  const setting = isHttpUrl(settings.uiUrl) ? 'uiUrl' : 'LANGFLOW_BASE_URL'
  const urls = {
    langflow_ui_url: langflowUiUrl(settings),
    langflow_flow_url: settings.defaultFlowId ? langflowFlowUrl(settings, settings.defaultFlowId) : undefined,
  }
  const known = Object.entries(urls).flatMap(([key, url]) => (url ? [{ key, url, system: 'LangFlow', setting }] : []))
  return Promise.all(known.map((link) => pageFinding(link, context)))
}
