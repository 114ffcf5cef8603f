export type { FlowAnswer, FlowCall, FlowOutput, Langflow } from './client.ts'
export { type LangflowLinkSettings, langflowFlowUrl, langflowUiUrl } from './links.ts'
export { langflow } from './resource.ts'
export { type LangflowSettings, langflowFromEnv } from './settings.ts'
