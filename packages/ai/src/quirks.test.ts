/** How OpenAI-compatible servers differ: each row is a real server that does one thing in its own way, and what comes of it. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { json } from '../../../scripts/test-services/fault-server.ts'
import type { Generation, LanguageModelClient } from './client.ts'
import { type Answerer, type ChatRequest, chunksOf, completion, echo, events, fakeChat } from './test/fake-chat.ts'
import { joined, open } from './test/open.ts'

interface Quirk {
  readonly server: Answerer
  readonly ask: (client: LanguageModelClient) => Promise<Partial<Generation> & { readonly object?: unknown }>
  readonly answer: Partial<Generation> & { readonly object?: unknown }
  /** Requests of the first call, and of a second one that asks the same. */
  readonly requests?: readonly [first: number, second: number]
}

const text = (client: LanguageModelClient) => client.generateText({ prompt: 'Hello.', maxOutputTokens: 50 })
const schema = z.object({ said: z.string() })
const object = (client: LanguageModelClient) => client.generateObject({ prompt: 'Hello.', schema })
const stream = async (client: LanguageModelClient) => {
  const { textStream, result } = client.streamText({ prompt: 'Hello.' })
  const read = await joined(textStream)
  const whole = await result
  expect(whole.text).toBe(read)
  return whole
}
const said = { text: 'You said: Hello.', finishReason: 'stop' } as const
const refuse = (response: Parameters<Answerer>[1], status: number): void =>
  json(response, { error: { message: 'Unsupported parameter.' } }, status)
const choice = (message: unknown, finish_reason: unknown = 'stop') => ({ choices: [{ index: 0, message, finish_reason }] })
const withoutUsage = (request: ChatRequest, content: string) => completion(request, content, { usage: undefined })

const quirks: { readonly [name: string]: Quirk } = {
  'no usage': { server: (request) => withoutUsage(request, echo(request)), ask: text, answer: { ...said, usage: undefined } },
  'usage that is null': {
    server: (request) => completion(request, echo(request), { usage: null }),
    ask: text,
    answer: { ...said, usage: undefined },
  },
  'usage that is empty': {
    server: (request) => completion(request, echo(request), { usage: {} }),
    ask: text,
    answer: { ...said, usage: undefined },
  },
  'usage of zeros': {
    server: (request) => completion(request, echo(request), { usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } }),
    ask: text,
    answer: { ...said, usage: undefined },
  },
  'tokens that its own cache had': {
    server: (request) =>
      completion(request, echo(request), {
        usage: { prompt_tokens: 9, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 8 } },
      }),
    ask: text,
    answer: { usage: { inputTokens: 9, outputTokens: 2, totalTokens: 11, cachedInputTokens: 8 } },
  },
  'no id, model or time': { server: (request) => choice({ content: echo(request) }), ask: text, answer: { ...said, model: 'fake' } },
  'an empty answer': { server: (request) => completion(request, ''), ask: text, answer: { text: '', finishReason: 'stop' } },
  'an answer that is null': { server: () => choice({ content: null }), ask: text, answer: { text: '' } },
  'no reason for the end': {
    server: () => choice({ content: 'Hello.' }, null),
    ask: text,
    answer: { text: 'Hello.', finishReason: 'other' },
  },
  'its own reason': { server: () => choice({ content: 'Hello.' }, 'eos_token'), ask: text, answer: { finishReason: 'other' } },
  'reasoning beside the answer': {
    server: () => choice({ content: 'Hello.', reasoning_content: 'Let me think.' }),
    ask: text,
    answer: { text: 'Hello.' },
  },
  'max_tokens refused': {
    server: (request, response) => (request.max_tokens === undefined ? undefined : refuse(response, 400)),
    ask: text,
    answer: said,
    requests: [2, 1],
  },
  'JSON Schema refused': {
    server: (request, response) => (request.response_format?.type === 'json_schema' ? refuse(response, 400) : undefined),
    ask: object,
    answer: { object: { said: 'Hello.' } },
    requests: [2, 1],
  },
  'any response_format refused': {
    server: (request, response) => (request.response_format === undefined ? '{"said": "Hi."}' : refuse(response, 422)),
    ask: object,
    answer: { object: { said: 'Hi.' } },
    requests: [3, 1],
  },
  'JSON in a fence': {
    server: () => 'Here it is:\n```json\n{"said": "Hi."}\n```\nAnything else?',
    ask: object,
    answer: { object: { said: 'Hi.' } },
  },
  'JSON behind what it thought': {
    server: () => '<think>{"said"?</think>\n{"said": "Hi."}',
    ask: object,
    answer: { object: { said: 'Hi.' } },
  },
  'JSON between sentences': { server: () => 'Sure: {"said": "Hi."} That is all.', ask: object, answer: { object: { said: 'Hi.' } } },
  'stream_options refused': {
    server: (request, response) => (request.stream_options === undefined ? undefined : refuse(response, 400)),
    ask: stream,
    answer: { ...said, usage: undefined },
    requests: [2, 1],
  },
  'a stream without usage': {
    server: (request, response) => events(response, chunksOf({ ...request, stream_options: undefined }, echo(request))),
    ask: stream,
    answer: { ...said, usage: undefined },
  },
  'a stream without its end mark': {
    server: (request, response) => events(response, chunksOf(request, echo(request)), ''),
    ask: stream,
    answer: said,
  },
  'a stream with comments and usage in each chunk': {
    server: (request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      response.write(': keep-alive\n\n')
      const usage = { prompt_tokens: 6, completion_tokens: 16, total_tokens: 22 }
      for (const chunk of chunksOf(request, echo(request))) response.write(`data: ${JSON.stringify({ ...chunk, usage })}\r\n\r\n`)
      response.end('data: [DONE]\n\n')
    },
    ask: stream,
    answer: { ...said, usage: { inputTokens: 6, outputTokens: 16, totalTokens: 22, cachedInputTokens: 0 } },
  },
}

describe('a compatible server with', () => {
  for (const [name, { server, ask, answer, requests = [1, 1] }] of Object.entries(quirks))
    it(name, async () => {
      await using endpoint = await fakeChat(server)
      const client = await open({ baseUrl: endpoint.url, model: 'fake' })
      expect(await ask(client)).toMatchObject(answer)
      expect(endpoint.requests()).toBe(requests[0])
      expect(await ask(client)).toMatchObject(answer)
      expect(endpoint.requests()).toBe(requests[0] + requests[1])
    })

  it.each([{ 'retry-after': '0' }, { 'retry-after': 'soon' }, {}])('429 and then an answer, with headers %j', async (headers) => {
    let refused = false
    await using endpoint = await fakeChat((_, response) => {
      if (!refused) json(response, { error: { message: 'slow down' } }, 429, { ...headers })
      refused = true
    })
    const client = await open({ baseUrl: endpoint.url, model: 'fake' })
    expect(await text(client)).toMatchObject({ ...said, calls: 1 })
    expect(endpoint.requests()).toBe(2)
  })

  it('a refusal that nothing helps against is the first one', async () => {
    await using endpoint = await fakeChat((_, response) => refuse(response, 400))
    const client = await open({ baseUrl: endpoint.url, model: 'fake' })
    await expect(object(client)).rejects.toMatchObject({ status: 400 })
    expect(endpoint.requests()).toBe(3)
  })
})
