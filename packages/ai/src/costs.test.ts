import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asset, type Budget, definitions, type MaterializeRun, materialize } from 'dagma'
import { afterEach, describe, expect, it } from 'vitest'
import { type LanguageModelSettings, languageModel } from './index.ts'
import { type ChatRequest, chunksOf, completion, echo, fakeChat } from './test/fake-chat.ts'
import { joined, open } from './test/open.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A project's folder, with prices of a token of the fake model: 1 for input, 2 for output. */
function projectFolder(models: object = { 'fake*': { input: 1e6, output: 2e6 } }): string {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-costs-'))
  folders.push(folder)
  writeFileSync(join(folder, 'model-prices.json'), JSON.stringify({ date: '2026-11-28', currency: 'USD', models }))
  return folder
}

const uncounted = (request: ChatRequest) => completion(request, echo(request), { usage: undefined })

describe('the cost of an answer', () => {
  it('is that of its tokens, of streams and objects too', async () => {
    await using server = await fakeChat()
    const client = await open({ baseUrl: server.url, model: 'fake' }, { projectFolder: projectFolder() })
    const answer = await client.generateText({ prompt: 'four' })
    expect(answer).toMatchObject({ usage: { inputTokens: 4, outputTokens: 14 }, cost: 4 + 2 * 14 })
    expect(client.metadata([answer, answer])).toMatchObject({ cost: 64 })
    const { textStream, result } = client.streamText({ prompt: 'four' })
    await joined(textStream)
    expect((await result).cost).toBe(32)
  })

  it('is estimated where the endpoint does not count', async () => {
    await using server = await fakeChat(uncounted)
    const client = await open({ baseUrl: server.url, model: 'fake' }, { projectFolder: projectFolder() })
    const { usage, cost } = await client.generateText({ prompt: 'four' })
    expect(usage).toBeUndefined()
    // Characters of the role and the text of the message: "user", "text", "four".
    expect(cost).toBeGreaterThanOrEqual(2 + 2 * 5)
    expect(cost).toBeLessThan(40)
  })

  it('is unknown without a price', async () => {
    await using server = await fakeChat()
    const client = await open({ baseUrl: server.url, model: 'other' }, { projectFolder: projectFolder() })
    const answer = await client.generateText({ prompt: 'four' })
    expect(answer.cost).toBeUndefined()
    expect(client.metadata(answer).cost).toBeUndefined()
  })
})

describe('a budget', () => {
  const run = (
    settings: LanguageModelSettings,
    budget: Budget,
    ask: (ask: (prompt: string) => Promise<string>) => Promise<unknown>,
    folder = projectFolder(),
  ): Promise<MaterializeRun> => {
    const answers = asset({
      key: 'answers',
      resources: { languageModel },
      budget,
      run: async ({ resources, signal }) => {
        await ask(async (prompt) => (await resources.languageModel.generateText({ prompt, signal })).text)
        return 1
      },
    })
    return materialize(definitions({ assets: [answers], resources: { languageModel: languageModel(settings) } }), { projectFolder: folder })
  }
  const oneByOne = async (ask: (prompt: string) => Promise<string>) => {
    for (let index = 0; index < 10; index++) await ask(`no ${index}`)
  }

  it('is kept over real calls: the next one is not sent', async () => {
    await using server = await fakeChat()
    const ended = await run({ baseUrl: server.url, model: 'fake' }, { maxTokens: 50 }, oneByOne)
    expect(ended.status).toBe('FAILURE')
    expect(server.requests()).toBe(3) // of 4 + 14 tokens each
    const [failure] = ended.events.flatMap((event) => (event.type === 'STEP_FAILURE' ? [event] : []))
    expect(failure?.error.message).toContain(
      'The budget of step "answers" is used up: 54 of 50 tokens of this run. Model "fake" was not called.',
    )
    expect(failure?.metadata).toMatchObject({ cost: { raw_value: 3 * (4 + 28) }, error_type: { raw_value: 'DAGMA_BUDGET_EXCEEDED' } })
  })

  it('counts by estimate what the endpoint does not count, streams that are lost included', async () => {
    await using server = await fakeChat(uncounted)
    await run({ baseUrl: server.url, model: 'fake' }, { maxTokens: 30 }, oneByOne)
    expect(server.requests()).toBeLessThan(6)
    await using losing = await fakeChat((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify(chunksOf(request, 'Hello.')[0])}\n\n`, () => setImmediate(() => response.destroy()))
    })
    const streaming = asset({
      key: 'streams',
      resources: { languageModel },
      budget: { maxTokens: 20 },
      run: async ({ resources }) => {
        for (let index = 0; index < 20; index++)
          await joined(resources.languageModel.streamText({ prompt: 'Hello.' }).textStream).catch((error) => {
            if (error.code !== undefined) throw error
          })
        return 1
      },
    })
    const model = languageModel({ baseUrl: losing.url, model: 'fake' })
    const ended = await materialize(definitions({ assets: [streaming], resources: { languageModel: model } }), {
      projectFolder: projectFolder(),
    })
    expect(ended.status).toBe('FAILURE')
    expect(losing.requests()).toBeLessThan(10)
  })

  it('is not touched by answers of the cache: a retried run continues with what is missing', async () => {
    await using server = await fakeChat()
    const folder = projectFolder()
    const settings = { baseUrl: server.url, model: 'fake', cache: true }
    const statuses: string[] = []
    for (let runs = 0; runs < 4; runs++) statuses.push((await run(settings, { maxCost: 100 }, oneByOne, folder)).status)
    expect(statuses).toEqual(['FAILURE', 'FAILURE', 'SUCCESS', 'SUCCESS'])
    expect(server.requests()).toBe(10)
  })

  it('is not spent by the local backend', async () => {
    expect((await run({}, { maxCost: 1 }, oneByOne)).status).toBe('SUCCESS')
  })
})
