import { type Metadata, MetadataValue, type ResourceContext, type ResourceType, resource, type Secret, secret } from 'dagma'
import { checkedHttpUrl, isHttpUrl } from 'dagma/author'
import type { Langflow } from './client.ts'
import { type LangflowLinkSettings, langflowFlowUrl, langflowUiUrl } from './links.ts'
import { probeLangflow } from './probe.ts'
import { type LangflowCalls, restCalls } from './rest.ts'
import { stubCalls } from './stub.ts'

/** Settings of {@link langflow}. An empty text is as if it were not set. */
export interface LangflowSettings {
  /** Root of the server: http or https, without user info. Not set: the local stub. */
  readonly baseUrl?: string
  /** Sent in the header `x-api-key`, and nowhere else. */
  readonly apiKey?: Secret
  /** Id or endpoint name of the flow that is run when a call names none. */
  readonly defaultFlowId?: string
  /** Base of the UI for links, when a browser reaches it elsewhere than at `baseUrl`. */
  readonly uiUrl?: string
  /** How long a flow may take, in milliseconds. Default 120,000; at most 300,000. */
  readonly timeoutMs?: number
}

/**
 * LangFlow. Real when `baseUrl` is set, otherwise a stub that answers what it was asked and opens no socket.
 * `resources: { langflow: langflow(langflowFromEnv) }` reads the environment when a run opens it.
 */
export const langflow: ResourceType<LangflowSettings, Langflow> = resource({ open: openLangflow, probe: probeLangflow })

const stubFlow = 'local-echo'

function openLangflow(settings: LangflowSettings, { signal, log }: ResourceContext): Langflow {
  const { baseUrl, uiUrl, defaultFlowId } = settings
  if (!baseUrl) return client('local', stubCalls(signal), {}, defaultFlowId || stubFlow)
  checkedHttpUrl(baseUrl, 'LANGFLOW_BASE_URL')
  if (uiUrl && !isHttpUrl(uiUrl))
    log.warning('uiUrl of LangFlow is no http or https URL without user info: links go to LANGFLOW_BASE_URL instead.')
  return client('langflow', restCalls(baseUrl, settings, signal), settings, defaultFlowId || undefined)
}

function client(
  backend: Langflow['backend'],
  calls: LangflowCalls,
  links: LangflowLinkSettings,
  defaultFlowId: string | undefined,
): Langflow {
  return {
    backend,
    defaultFlowId,
    runFlow: async (call) => {
      const flow = call.flow ?? defaultFlowId
      if (!flow) throw new Error('LangFlow: no flow to run. Name one in runFlow({ flow }), or set LANGFLOW_DEFAULT_FLOW_ID.')
      return calls.runFlow(flow, call)
    },
    health: () => calls.health(),
    version: () => calls.version(),
    metadata: (flow = defaultFlowId) => ({
      backend,
      operation: 'run flow',
      ...(defaultFlowId !== undefined && { default_flow_id: defaultFlowId }),
      ...link('langflow_ui_url', langflowUiUrl(links)),
      ...(flow !== undefined && link('langflow_flow_url', langflowFlowUrl(links, flow))),
    }),
  }
}

function link(key: string, url: string | undefined): Metadata {
  return url === undefined ? {} : { [key]: MetadataValue.url(url) }
}

// Declared when the module loads, not when it is first read: redaction knows it from then on.
const apiKey = secret('LANGFLOW_API_KEY')

/** Settings from the environment, read when called: `LANGFLOW_BASE_URL`, `LANGFLOW_API_KEY` and `LANGFLOW_DEFAULT_FLOW_ID`. */
export function langflowFromEnv(): LangflowSettings {
  const { LANGFLOW_BASE_URL: baseUrl, LANGFLOW_DEFAULT_FLOW_ID: defaultFlowId } = process.env
  return { ...(baseUrl && { baseUrl }), ...(defaultFlowId && { defaultFlowId }), ...(apiKey.isSet && { apiKey }) }
}
