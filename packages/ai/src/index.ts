export type {
  FinishReason,
  GenerateObjectOptions,
  GenerateOptions,
  Generation,
  LanguageModelClient,
  ModelMessage,
  ModelTool,
  ObjectGeneration,
  TextStream,
  TokenUsage,
  ToolCall,
} from './client.ts'
export { localModel } from './local/local-generator.ts'
export { languageModel } from './resource.ts'
export {
  type LanguageModelProvider,
  type LanguageModelSettings,
  LanguageModelSettingsError,
  languageModelFromEnv,
  type ProviderOptions,
} from './settings.ts'
