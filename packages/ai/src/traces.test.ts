import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asset, definitions, materialize } from 'dagma'
import type { CallTracker, Instrument, ObservedOperation, OperationEnd, TracedContent } from 'dagma/author'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { type LanguageModelClient, type LanguageModelSettings, languageModel } from './index.ts'
import { type ChatRequest, completion, fakeChat } from './test/fake-chat.ts'
import { joined } from './test/open.ts'

type Traced = { readonly name: string; readonly within: string; readonly operation?: ObservedOperation; readonly end?: OperationEnd }

/** The operations that an instrument receives for an asset that uses a model, each with its parent. */
async function traced(
  settings: LanguageModelSettings,
  work: (model: LanguageModelClient) => Promise<unknown>,
  content?: TracedContent,
): Promise<Traced[]> {
  const seen: Traced[] = []
  const tracker = (within: string): Required<CallTracker> => ({
    startCall: ({ operation }) => {
      seen.push({ name: `call ${operation}`, within })
      return { headers: { traceparent: within }, end: () => {} }
    },
    startOperation: (operation) => {
      const one: Traced = { name: operation.name, within, operation }
      seen.push(one)
      return { ...tracker(operation.name), content, end: (end) => void Object.assign(one, { end }) }
    },
  })
  const instrument: Instrument = {
    startRun: () => ({
      ...tracker('run'),
      startStep: () => ({ ...tracker('step'), traceUrls: {}, within: (done) => done(), reported: () => {}, end: () => {} }),
      end: () => {},
    }),
  }
  const projectFolder = mkdtempSync(join(tmpdir(), 'dagma-traces-'))
  onTestFinished(() => rmSync(projectFolder, { recursive: true }))
  const a = asset({ key: 'a', resources: { languageModel }, run: async ({ resources }) => String(await work(resources.languageModel)) })
  const run = await materialize(definitions({ assets: [a], resources: { languageModel: languageModel(settings) }, instrument }), {
    projectFolder,
  })
  expect(run.status).toBe('SUCCESS')
  return seen
}

const weather = {
  description: 'The weather.',
  inputSchema: z.object({ town: z.string() }),
  execute: async ({ town }: { town: string }) => `warm in ${town}`,
}
const calling = (request: ChatRequest) =>
  request.messages.some(({ role }) => role === 'tool')
    ? undefined
    : completion(request, '', {
        choices: [
          {
            index: 0,
            message: { tool_calls: [{ id: 'c', type: 'function', function: { name: 'weather', arguments: '{"town":"Turku"}' } }] },
            finish_reason: 'tool_calls',
          },
        ],
      })

it('an answer is one generation, with its requests and tools within it', async () => {
  await using server = await fakeChat(calling)
  const seen = await traced({ baseUrl: server.url, model: 'fake' }, (model) =>
    model.generateText({ prompt: 'How warm?', tools: { weather } }),
  )
  expect(seen.map(({ name, within }) => `${within} > ${name}`)).toEqual([
    'step > generate text',
    'generate text > call generate text',
    'generate text > call weather',
    'generate text > call generate text',
  ])
  expect(seen[0]).toMatchObject({
    operation: { kind: 'generation', system: 'ai', model: 'fake', facts: { tools_count: 1 } },
    end: {
      status: 'success',
      model: 'fake-0001',
      usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) },
      facts: { finish_reason: 'stop', model_calls: 2, cached_calls: 0 },
    },
  })
  expect(JSON.stringify(seen)).not.toMatch(/How warm|Turku/)
})

it('texts are shown where the content is on', async () => {
  await using server = await fakeChat(calling)
  const ask = (model: LanguageModelClient) => model.generateText({ instructions: 'Be short.', prompt: 'How warm?', tools: { weather } })
  const seen = await traced({ baseUrl: server.url, model: 'fake' }, ask, { level: 'full', personalFields: [] })
  expect(seen[0]?.end?.content).toEqual({
    input: [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'How warm?' },
    ],
    output: 'You said: warm in Turku',
  })
  expect(seen.find(({ operation }) => operation?.kind === 'tool')?.end?.content).toEqual({
    input: { town: 'Turku' },
    output: 'warm in Turku',
  })
})

it('streams, objects and the local backend are generations too', async () => {
  await using server = await fakeChat()
  const all = async (model: LanguageModelClient) => {
    await joined(model.streamText({ prompt: 'Hello.' }).textStream)
    await model.generateObject({ prompt: 'Hello.', schema: z.object({ said: z.string() }) })
  }
  const names = (seen: readonly Traced[]) => seen.map(({ name, within, end }) => `${within} > ${name}${end ? ` ${end.status}` : ''}`)
  expect(names(await traced({ baseUrl: server.url, model: 'fake' }, all))).toEqual([
    'step > stream text success',
    'stream text > call stream text',
    'step > generate object success',
    'generate object > call generate object',
  ])
  expect(names(await traced({}, all))).toEqual(['step > stream text success', 'step > generate object success'])
})

it('a stream that is not read to its end says so, and is not a success', async () => {
  await using server = await fakeChat()
  const first = async (model: LanguageModelClient) => {
    const { textStream, result } = model.streamText({ prompt: 'one two three four five six' })
    for await (const part of textStream) {
      expect(part).toBe('You ')
      break
    }
    await expect(result).rejects.toThrow('Language model: the text stream was not read to its end, so there is no result.')
  }
  const [stream] = await traced({ baseUrl: server.url, model: 'fake' }, first)
  expect(stream?.end?.status).toBe('failure')
})
