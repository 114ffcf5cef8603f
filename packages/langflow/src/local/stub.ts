import type { LangflowCalls } from '../client.ts'

/** The stub: a flow of Chat Input and Chat Output, which answers what it was asked. It opens no socket. */
export function stubCalls(signal: AbortSignal): LangflowCalls {
  return {
    runFlow: async (flow, { input, sessionId = flow, signal: own }) => {
      signal.throwIfAborted()
      own?.throwIfAborted()
      const output = { component: 'ChatOutput', name: 'message', value: input, text: input }
      return { text: input, texts: [input], outputs: [output], sessionId, outputsCount: 1 }
    },
    health: async () => true,
    version: async () => 'local',
  }
}
