export type { FlowAnswer, FlowCall, Langflow } from './client.ts'
export { type LangflowLinkSettings, langflowFlowUrl, langflowUiUrl } from './links.ts'
export { langflow, langflowFromEnv, type LangflowSettings } from './resource.ts'
