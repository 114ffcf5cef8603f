import { type Secret, secret } from 'dagma'

/** Settings of the `langflow` resource. An empty text is as if it were not set. */
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

// Declared when the module loads, not when it is first read: redaction knows it from then on.
const apiKey = secret('LANGFLOW_API_KEY')

/**
 * Settings from the environment, read when called: `LANGFLOW_BASE_URL`, `LANGFLOW_API_KEY` and `LANGFLOW_DEFAULT_FLOW_ID`.
 * @example
 * ```ts
 * export default definitions({ resources: { langflow: langflow(langflowFromEnv) } })
 * ```
 */
export function langflowFromEnv(): LangflowSettings {
  const { LANGFLOW_BASE_URL: baseUrl, LANGFLOW_DEFAULT_FLOW_ID: defaultFlowId } = process.env
  return { ...(baseUrl && { baseUrl }), ...(defaultFlowId && { defaultFlowId }), ...(apiKey.isSet && { apiKey }) }
}
