export type { FlowAnswer, FlowCall, Langflow } from './client.ts'
export { type LangflowLinkSettings, langflowFlowUrl, langflowUiUrl } from './links.ts'
export { type LangflowSettings, langflow, langflowFromEnv } from './resource.ts'
