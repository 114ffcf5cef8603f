import type { LangflowCalls } from './rest.ts'

/** The stub: a flow of Chat Input and Chat Output, which answers what it was asked. It opens no socket. */
export function stubCalls(signal: AbortSignal): LangflowCalls {
  return {
    runFlow: async (flow, { input, sessionId = flow, signal: own }) => {
      signal.throwIfAborted()
      own?.throwIfAborted()
      return { text: input, texts: [input], sessionId, outputsCount: 1 }
    },
    health: async () => true,
    version: async () => 'local',
  }
}
