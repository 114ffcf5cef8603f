import { deepLink, type HttpService, httpService, ServiceError } from 'dagma/author'
import { flowAnswer } from './answer.ts'
import type { LangflowCalls } from './client.ts'
import type { LangflowSettings } from './settings.ts'

/** The client of a server. */
export function langflowService(
  baseUrl: string,
  { apiKey, timeoutMs = 120_000 }: LangflowSettings,
  signal: AbortSignal,
  options: { readonly retries?: number } = {},
): HttpService {
  return httpService({
    system: 'LangFlow',
    baseUrl,
    baseUrlSetting: 'LANGFLOW_BASE_URL',
    authSetting: apiKey?.variable ?? 'LANGFLOW_API_KEY',
    // A header only: the server also takes the key in the query, but URLs get logged.
    ...(apiKey && { auth: { header: 'x-api-key', value: apiKey } }),
    timeoutMs,
    signal,
    hints: {
      403: `LangFlow requires a key, or a different one: check ${apiKey?.variable ?? 'LANGFLOW_API_KEY'}.`,
      404: 'Check the flow id or name (LANGFLOW_DEFAULT_FLOW_ID), and that LANGFLOW_BASE_URL is the root of the server.',
      500: "A component of the flow failed: open the flow in LangFlow's UI and run it there.",
    },
    ...options,
  })
}

/** Whether the server says that it is well. */
export async function isWell(service: HttpService): Promise<boolean> {
  return (await service.json<{ status?: unknown }>({ operation: 'check health', method: 'GET', path: 'health' })).status === 'ok'
}

/** The server's version. */
export async function serverVersion(service: HttpService): Promise<string> {
  return String((await service.json<{ version?: unknown }>({ operation: 'get version', method: 'GET', path: 'api/v1/version' })).version)
}

/** LangFlow's REST API: plain calls, since its own client falls back to a cloud address, to which the key would go, when the base URL is misspelt. */
export function restCalls(baseUrl: string, settings: LangflowSettings, signal: AbortSignal): LangflowCalls {
  const service = langflowService(baseUrl, settings, signal)
  return {
    runFlow: async (flow, call) => {
      const { input, inputType = 'chat', outputType = 'chat', tweaks, sessionId } = call
      const path = `api/v1/run/${encodeURIComponent(flow)}`
      const response = await service.json<unknown>({
        operation: 'run flow',
        method: 'POST',
        path,
        query: { stream: 'false' },
        json: { input_value: input, input_type: inputType, output_type: outputType, tweaks, session_id: sessionId },
        ...(call.signal && { signal: call.signal }),
      })
      const answer = flowAnswer(response, { flow, ...(sessionId !== undefined && { sessionId }) })
      if ('text' in answer) return answer
      const about = { system: 'LangFlow', operation: 'run flow', method: 'POST', url: deepLink(baseUrl, path), status: 200 }
      throw new ServiceError({ ...about, ...answer })
    },
    health: () => isWell(service),
    version: () => serverVersion(service),
  }
}
