import { type ResourceContext, type ResourceType, resource } from 'dagma'
import { checkedHttpUrl, isHttpUrl, urlMetadata } from 'dagma/author'
import type { FlowAnswer, FlowCall, Langflow, LangflowCalls } from './client.ts'
import { type LangflowLinkSettings, langflowFlowUrl, langflowUiUrl } from './links.ts'
import { stubCalls } from './local/stub.ts'
import { probeLangflow } from './probe.ts'
import { restCalls } from './rest.ts'
import type { LangflowSettings } from './settings.ts'

/**
 * LangFlow. Real when `baseUrl` is set, otherwise a stub that answers what it was asked and opens no socket.
 * `resources: { langflow: langflow(langflowFromEnv) }` reads the environment when a run opens it.
 * @example
 * ```ts
 * export default definitions({ resources: { langflow: langflow({ baseUrl: 'https://langflow.example.com', apiKey: secret('LANGFLOW_API_KEY') }) } })
 * ```
 */
export const langflow: ResourceType<LangflowSettings, Langflow> = resource({ open: openLangflow, probe: probeLangflow })

const stubFlow = 'local-echo'

function openLangflow(settings: LangflowSettings, { signal, log }: ResourceContext): Langflow {
  const { baseUrl, uiUrl, defaultFlowId } = settings
  if (!baseUrl) return client('local', stubCalls(signal), {}, defaultFlowId || stubFlow)
  checkedHttpUrl(baseUrl, 'LANGFLOW_BASE_URL')
  if (uiUrl && !isHttpUrl(uiUrl))
    log.warning('uiUrl of LangFlow is not an http or https URL without user info: links go to LANGFLOW_BASE_URL instead.')
  const calls = restCalls(baseUrl, settings, signal)
  const runFlow = async (flow: string, call: FlowCall): Promise<FlowAnswer> => {
    const answer = await calls.runFlow(flow, call)
    if (answer.outputsCount === 0)
      log.warning(
        `LangFlow: flow ${flow} answered nothing of the type "${call.outputType ?? 'chat'}". Where it ends in data or a table, pass outputType: 'debug', which gives the outputs of all its components.`,
      )
    return answer
  }
  return client('langflow', { ...calls, runFlow }, settings, defaultFlowId || undefined)
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
      ...urlMetadata('langflow_ui_url', langflowUiUrl(links)),
      ...(flow !== undefined && urlMetadata('langflow_flow_url', langflowFlowUrl(links, flow))),
    }),
  }
}
