import { secret } from 'dagma'
import { ServiceError } from 'dagma/author'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { bodyMarker, faultServer, json } from '../../../scripts/test-services/fault-server.ts'
import { faultSuite } from '../../../scripts/test-services/fault-suite.ts'
import { completion, events, fakeChat } from './test/fake-chat.ts'
import { open } from './test/open.ts'

vi.stubEnv('LLM_FAULT_KEY', 'key-of-the-fault-tests')
afterAll(() => vi.unstubAllEnvs())

const apiKey = secret('LLM_FAULT_KEY')
const good = { choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }] }

faultSuite({
  system: 'Language model',
  call: async (baseUrl, timeoutMs) =>
    (await open({ baseUrl, model: 'fake', apiKey, timeoutMs })).generateText({ prompt: 'text-of-the-prompt' }),
  idempotent: true,
  secrets: ['key-of-the-fault-tests', 'text-of-the-prompt'],
  good,
})

describe('a stream', () => {
  const read = async (url: string, timeoutMs = 60_000): Promise<{ parts: string[]; error: ServiceError }> => {
    const client = await open({ baseUrl: url, model: 'fake', timeoutMs })
    const { textStream, result } = client.streamText({ prompt: 'Hello.' })
    const parts: string[] = []
    const failed = async (): Promise<unknown> => {
      try {
        for await (const part of textStream) parts.push(part)
      } catch (error) {
        return error
      }
      return expect.unreachable('the call went well')
    }
    const error = await failed()
    await expect(result).rejects.toBe(error)
    expect(error).toBeInstanceOf(ServiceError)
    expect(String(error)).not.toContain(bodyMarker)
    return { parts, error: error as ServiceError }
  }
  const part = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`

  it('that is refused is an error before its first part', async () => {
    await using server = await faultServer((_, response) => {
      response.writeHead(401, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: bodyMarker } }))
    })
    expect(await read(server.url)).toMatchObject({ parts: [], error: { status: 401, operation: 'stream text' } })
  })

  it('that is lost is an error after its last part', async () => {
    await using server = await faultServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(part('Hello'), () => setImmediate(() => response.destroy()))
    })
    expect((await read(server.url)).error.message).toMatch(/is incomplete/)
  })

  it('that pauses for too long is an error', async () => {
    await using server = await faultServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(part('Hello'))
    })
    const { parts, error } = await read(server.url, 2_000)
    expect(parts).toEqual(['Hello'])
    expect(error.message).toMatch(/did not end within 2000 ms/)
  })

  it('with an error in it is an error without its words', async () => {
    await using server = await faultServer((_, response) => events(response, [{ error: { message: bodyMarker } }]))
    expect((await read(server.url)).error.message).toMatch(/not that of a language model/)
  })
})

describe('an answer', () => {
  it.each<[string, unknown]>([
    ['an error with status 200', { error: { message: bodyMarker } }],
    ['no choice', { choices: [] }],
    ['something else', [bodyMarker]],
  ])('with %s is an error without its words', async (_name, answer) => {
    await using server = await fakeChat(() => answer as object)
    const client = await open({ baseUrl: server.url, model: 'fake' })
    const error: unknown = await client.generateText({ prompt: 'Hello.' }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ServiceError)
    expect(String(error)).toMatch(/not that of a language model/)
    expect(String(error)).not.toContain(bodyMarker)
  })
})

describe('a call that is aborted while it waits', () => {
  it.each(['headers', 'body', 'tool'])('throws the reason: %s', async (where) => {
    const abort = new AbortController()
    const stop = () => abort.abort(new Error('canceled'))
    const call = { id: 'c', type: 'function', function: { name: 'wait', arguments: '{}' } }
    await using server = await faultServer((_, response) => {
      if (where === 'tool') return json(response, { choices: [{ index: 0, message: { tool_calls: [call] }, finish_reason: 'tool_calls' }] })
      if (where === 'body') response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
      setTimeout(stop, 20) // there is no end of the answer, however long it takes
    })
    const client = await open({ baseUrl: server.url, model: 'fake' })
    const tools = { wait: { inputSchema: z.object({}), execute: async () => stop() } }
    await expect(client.generateText({ prompt: 'Hello.', signal: abort.signal, tools })).rejects.toThrow('canceled')
  })
})

describe('an object', () => {
  const schema = z.object({ count: z.number() })
  it('that does not fit is asked for again, with what is wrong', async () => {
    await using server = await fakeChat((request) => (request.messages.length > 2 ? '{"count": 3}' : '{"count": "three"}'))
    const client = await open({ baseUrl: server.url, model: 'fake' })
    const { object, calls, usage } = await client.generateObject({ prompt: 'How many?', schema })
    expect({ object, calls }).toEqual({ object: { count: 3 }, calls: 2 })
    expect(server.taken[1]?.messages.at(-1)?.content).toContain('it does not fit the schema at "count"')
    expect(usage?.totalTokens).toBeGreaterThan(0)
  })

  it('that never fits is an error without the answer', async () => {
    await using server = await fakeChat((request) => completion(request, `{"count": "${bodyMarker}"}`))
    const client = await open({ baseUrl: server.url, model: 'fake' })
    const error: unknown = await client.generateObject({ prompt: 'How many?', schema }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ServiceError)
    expect(String(error)).toMatch(/answered twice, and it does not fit the schema at "count"/)
    expect(String(error)).not.toContain(bodyMarker)
    expect(server.requests()).toBe(2)
  })
})
