import type { IncomingMessage, ServerResponse } from 'node:http'
import { type FaultServer, faultServer, json } from '../../../../scripts/test-services/fault-server.ts'

/** A request that the fake endpoint took. */
export interface ChatRequest {
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  readonly stream?: boolean
  readonly stream_options?: unknown
  readonly response_format?: { readonly type: string }
  readonly max_tokens?: number
  readonly max_completion_tokens?: number
  readonly tools?: readonly unknown[]
}

/** How the fake model answers; undefined as it does by itself. */
export type Answerer = (request: ChatRequest, response: ServerResponse, raw: IncomingMessage) => unknown

/** An endpoint on 127.0.0.1 that answers as OpenAI's does, with what it was asked; a token is a character. */
export async function fakeChat(answerer: Answerer = () => undefined): Promise<FaultServer & { readonly taken: ChatRequest[] }> {
  const taken: ChatRequest[] = []
  const server = await faultServer((request, response, _count, body) => {
    const asked = JSON.parse(body) as Omit<ChatRequest, 'url' | 'authorization'>
    const chat: ChatRequest = { url: request.url, authorization: request.headers.authorization, ...asked }
    taken.push(chat)
    const answered = answerer(chat, response, request)
    if (response.writableEnded || response.headersSent) return
    if (answered !== undefined && typeof answered === 'object') return json(response, answered)
    const text = typeof answered === 'string' ? answered : echo(chat)
    if (chat.stream === true) return events(response, chunksOf(chat, text))
    json(response, completion(chat, text))
  })
  return { ...server, taken }
}

/** The default answer of the fake model. */
export function echo({ messages, response_format }: Pick<ChatRequest, 'messages' | 'response_format'>): string {
  const said = messages.at(-1)?.content ?? ''
  return response_format === undefined ? `You said: ${said}` : JSON.stringify({ said, letters: said.length })
}

/** An answer in OpenAI's form, over which `more` goes. */
export function completion(request: ChatRequest, content: unknown, more: object = {}): object {
  return {
    id: 'chat-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: `${request.model}-0001`,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: usageOf(request, String(content)),
    ...more,
  }
}

function usageOf({ messages }: ChatRequest, content: string): object {
  const input = messages.reduce((sum, message) => sum + String(message.content).length, 0)
  return { prompt_tokens: input, completion_tokens: content.length, total_tokens: input + content.length }
}

/** The chunks of a streamed answer: one for each word, and one with the tokens. */
export function chunksOf(request: ChatRequest, text: string): object[] {
  const head = { id: 'chat-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: `${request.model}-0001` }
  const words = text.match(/\S+\s*/g) ?? []
  return [
    ...words.map((content) => ({ ...head, choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }] })),
    { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    ...(request.stream_options === undefined ? [] : [{ ...head, choices: [], usage: usageOf(request, text) }]),
  ]
}

/** Answers with a stream of events. */
export function events(response: ServerResponse, chunks: readonly object[], end = 'data: [DONE]\n\n'): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const chunk of chunks) response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  response.end(end)
}
