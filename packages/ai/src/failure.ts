import { DagmaError } from 'dagma'
import { ServiceError } from 'dagma/author'

/** Name of the system in errors. */
export const system = 'Language model'

/** The facts of a failed call. */
export interface FailedCall {
  readonly operation: string
  /** Of the endpoint; undefined with a provider that knows its own. */
  readonly url: string | undefined
  readonly signals: readonly AbortSignal[]
}

/**
 * The error of a failed call: the reason of the signal that aborted it, the ServiceError of its request, or a new one that has nothing of the
 * library's error, which may hold the answer and the headers.
 */
export function failureOf(thrown: unknown, { operation, url = 'none:', signals }: FailedCall): unknown {
  for (const { aborted, reason } of signals) if (aborted) return reason
  for (let error = thrown, depth = 0; error instanceof Error && depth < 10; error = error.cause, depth++)
    if (error instanceof ServiceError || error instanceof DagmaError) return error
  const { name, functionality, url: sentTo } = thrown as { name?: unknown; functionality?: unknown; url?: unknown }
  const place = typeof sentTo === 'string' ? sentTo : url
  const failed = (reason: string, hint: string): ServiceError =>
    new ServiceError({ system, operation, method: 'POST', url: place, reason, hint })
  if (typeof functionality === 'string')
    return failed('the provider does not support what the call asks for', 'Leave it out, or use another provider.')
  if (name === 'AI_InvalidPromptError')
    return failed('the prompt is not a list of messages', 'Pass a text, or messages as the AI SDK takes them.')
  if (name === 'AI_LoadAPIKeyError') return failed('no key is set', 'Set apiKey in languageModel() to a secret().')
  return failed(
    'the answer is not that of a language model',
    'Check that LLM_BASE_URL is the base URL of an API that answers as OpenAI does.',
  )
}

/** @throws RangeError when there is nothing to answer */
export function expectPrompt(prompt: string | readonly unknown[]): void {
  if (prompt.length === 0) throw new RangeError(`${system}: the prompt is empty. Leave the call out.`)
}
