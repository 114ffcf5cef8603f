import net from 'node:net'
import { tool } from 'ai'
import { secret } from 'dagma'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { languageModelConformance } from './test/conformance.ts'
import { type ChatRequest, completion, fakeChat } from './test/fake-chat.ts'
import { joined, memoryStorage, open } from './test/open.ts'

describe('the local backend', () => {
  languageModelConformance(() => open({ model: 'unused' }))

  it('says that it is local, and counts no tokens', async () => {
    const client = await open({})
    const answer = await client.generateText({ prompt: 'a' })
    expect(client).toMatchObject({ backend: 'local', model: 'local-extractive' })
    expect(answer.usage).toBeUndefined()
    expect(client.metadata(answer)).toMatchObject({ backend: 'local', total_tokens: undefined })
  })

  it('opens no socket', async () => {
    const connect = vi.spyOn(net.Socket.prototype, 'connect')
    const fetched = vi.spyOn(globalThis, 'fetch')
    const client = await open({})
    await client.generateText({ prompt: 'a' })
    await client.generateObject({ prompt: 'a', schema: z.object({ a: z.string() }) })
    expect(connect).not.toHaveBeenCalled()
    expect(fetched).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })
})

describe('an endpoint', () => {
  let endpoint: Awaited<ReturnType<typeof fakeChat>>
  beforeAll(async () => {
    vi.stubEnv('LLM_TEST_KEY', 'key-of-the-model-tests')
    endpoint = await fakeChat()
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await endpoint[Symbol.asyncDispose]()
  })
  const settings = () => ({ baseUrl: endpoint.url, model: 'fake', apiKey: secret('LLM_TEST_KEY') })

  languageModelConformance(() => open(settings()))

  it('gets the model, the messages and the key, below the base URL that is set', async () => {
    for (const baseUrl of [endpoint.url, `${endpoint.url}/`, `${endpoint.url}/v1`, `${endpoint.url}/v1/`]) {
      endpoint.taken.length = 0
      await (await open({ ...settings(), baseUrl })).generateText({
        prompt: 'Hello.',
        instructions: 'Be short.',
        temperature: 0,
        maxOutputTokens: 9,
      })
      expect(endpoint.taken).toEqual([
        {
          url: '/v1/chat/completions',
          authorization: 'Bearer key-of-the-model-tests',
          model: 'fake',
          messages: [
            { role: 'system', content: 'Be short.' },
            { role: 'user', content: 'Hello.' },
          ],
          temperature: 0,
          max_tokens: 9,
        },
      ])
    }
  })

  it('counts tokens, and names the model that answered', async () => {
    const client = await open(settings())
    const answer = await client.generateText({ prompt: 'four' })
    expect(answer.usage).toEqual({ inputTokens: 4, outputTokens: 14, totalTokens: 18, cachedInputTokens: 0 })
    const metadata = { backend: 'ai', model: 'fake-0001', prompt_tokens: 4, completion_tokens: 14, total_tokens: 18 }
    expect(client.metadata(answer)).toMatchObject(metadata)
    expect(client.metadata([answer, answer])).toMatchObject({ total_tokens: 36, generations_count: 2 })
  })

  it('is called by any provider of the AI SDK', async () => {
    const asked: unknown[] = []
    const client = await open({
      ...settings(),
      provider: async ({ apiKey, fetch, baseURL = '' }) => {
        asked.push(apiKey)
        const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
        return createOpenAICompatible({ name: 'own', baseURL, fetch, headers: { 'x-own-key': String(apiKey) } })
      },
    })
    expect((await client.generateText({ prompt: 'Hello.' })).text).toBe('You said: Hello.')
    expect(asked).toEqual(['key-of-the-model-tests'])
  })
})

describe('tools', () => {
  const weather = tool({
    description: 'The weather in a town.',
    inputSchema: z.object({ town: z.string() }),
    execute: async ({ town }) => {
      if (town === 'Atlantis') throw new Error('there is no such town')
      return { town, degrees: 21 }
    },
  })
  const callOf = (town: string) => ({
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call-1', type: 'function', function: { name: 'weather', arguments: JSON.stringify({ town }) } }],
  })
  const calling = (town: string) => (request: ChatRequest) =>
    request.messages.some(({ role }) => role === 'tool')
      ? undefined
      : completion(request, '', { choices: [{ index: 0, message: callOf(town), finish_reason: 'tool_calls' }] })

  it('are called as the model asks, and their results go back to it', async () => {
    await using server = await fakeChat(calling('Turku'))
    const client = await open({ baseUrl: server.url, model: 'fake' })
    const answer = await client.generateText({ prompt: 'How warm is Turku?', tools: { weather } })
    expect(answer.text).toBe('You said: {"town":"Turku","degrees":21}')
    expect(answer.toolCalls).toEqual([{ name: 'weather', input: { town: 'Turku' }, output: { town: 'Turku', degrees: 21 } }])
    expect(answer).toMatchObject({ calls: 2, finishReason: 'stop' })
    expect(server.taken[0]?.tools).toHaveLength(1)
  })

  it('that fail give the model their error', async () => {
    await using server = await fakeChat(calling('Atlantis'))
    const client = await open({ baseUrl: server.url, model: 'fake' })
    const { toolCalls, text } = await client.generateText({ prompt: 'How warm is Atlantis?', tools: { weather } })
    expect(toolCalls).toMatchObject([{ name: 'weather', error: new Error('there is no such town') }])
    expect(text).toContain('there is no such town')
  })

  it('are not called forever', async () => {
    await using server = await fakeChat((request) =>
      completion(request, '', { choices: [{ index: 0, message: callOf('Turku'), finish_reason: 'tool_calls' }] }),
    )
    const client = await open({ baseUrl: server.url, model: 'fake' })
    const answer = await client.generateText({ prompt: 'How warm is Turku?', tools: { weather }, maxSteps: 3 })
    expect(answer).toMatchObject({ calls: 3, finishReason: 'tool-calls' })
  })
})

describe('the cache', () => {
  it('answers the same request without a call, in later runs too', async () => {
    await using server = await fakeChat()
    const storage = memoryStorage()
    const settings = { baseUrl: server.url, model: 'fake', cache: true }
    const first = await (await open(settings, { storage })).generateText({ prompt: 'Hello.' })
    const client = await open(settings, { storage })
    const again = await client.generateText({ prompt: 'Hello.' })
    expect(again).toMatchObject({
      text: first.text,
      model: first.model,
      messages: first.messages,
      calls: 1,
      cachedCalls: 1,
      usage: undefined,
    })
    expect(client.metadata(again)).toMatchObject({ cached_calls: 1, total_tokens: undefined })
    const { textStream } = client.streamText({ prompt: 'Hello.' })
    expect(await joined(textStream)).toBe(first.text)
    expect(server.requests()).toBe(1)
    await client.generateText({ prompt: 'Hello!' })
    await client.generateText({ prompt: 'Hello.', temperature: 1 })
    await client.generateText({ prompt: 'Hello.', cache: false })
    await (await open({ ...settings, model: 'other' }, { storage })).generateText({ prompt: 'Hello.' })
    expect(server.requests()).toBe(5)
  })

  it('keeps streamed answers and objects', async () => {
    await using server = await fakeChat()
    const client = await open({ baseUrl: server.url, model: 'fake', cache: true }, { storage: memoryStorage() })
    const schema = z.object({ said: z.string() })
    const { textStream } = client.streamText({ prompt: 'Hello.' })
    const streamed = await joined(textStream)
    expect(await client.generateText({ prompt: 'Hello.' })).toMatchObject({ text: streamed, cachedCalls: 1 })
    const { object } = await client.generateObject({ prompt: 'Hello.', schema })
    expect(await client.generateObject({ prompt: 'Hello.', schema })).toMatchObject({ object, cachedCalls: 1 })
    expect(server.requests()).toBe(2)
  })

  it('keeps no answer that was cut off', async () => {
    await using server = await fakeChat((request) =>
      completion(request, 'Half an', { choices: [{ index: 0, message: { content: 'Half an' }, finish_reason: 'length' }] }),
    )
    const storage = memoryStorage()
    const client = await open({ baseUrl: server.url, model: 'fake', cache: true }, { storage })
    expect(await client.generateText({ prompt: 'Hello.' })).toMatchObject({ finishReason: 'length' })
    expect(storage.texts.size).toBe(0)
  })
})
