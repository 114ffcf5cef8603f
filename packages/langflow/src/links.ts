import { deepLink, isHttpUrl } from 'dagma/author'

/** The data of links to LangFlow's UI. */
export interface LangflowLinkSettings {
  /** Root of the API, and of the UI too unless `uiUrl` says otherwise. */
  readonly baseUrl?: string
  readonly uiUrl?: string
}

/**
 * Root of LangFlow's UI. Undefined when no http or https base without user info is set.
 * @example
 * ```ts
 * const url = langflowUiUrl({ baseUrl: 'https://langflow.example.com' })
 * ```
 */
export function langflowUiUrl({ uiUrl, baseUrl }: LangflowLinkSettings): string | undefined {
  const base = [uiUrl, baseUrl].find(isHttpUrl)
  return base === undefined ? undefined : deepLink(base, '')
}

/**
 * Page of a flow: `{ui}/flow/{id}`. Undefined as for {@link langflowUiUrl}, and for an endpoint name: the UI opens flows by id only.
 * @example
 * ```ts
 * const url = langflowFlowUrl({ baseUrl: 'https://langflow.example.com' }, 'b2f6c3de-0f0f-4c52-9d41-5a4c7e0e3a11')
 * ```
 */
export function langflowFlowUrl(settings: LangflowLinkSettings, flowId: string): string | undefined {
  const ui = langflowUiUrl(settings)
  return ui === undefined || !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(flowId)
    ? undefined
    : `${ui}/flow/${encodeURIComponent(flowId)}`
}
