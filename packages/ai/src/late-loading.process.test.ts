/** The AI SDK is loaded when a model is called, and at no other time: it takes longer to load than all of Dagma. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { fakeChat } from './test/fake-chat.ts'

/** The packages of the AI SDK that a process has loaded after it opened the model with these settings and called it. */
async function loaded(settings: object, call: string): Promise<string[]> {
  const program = `
    import { registerHooks } from 'node:module'
    const seen = new Set()
    registerHooks({ load: (url, context, next) => { seen.add(/node_modules\\/(ai|@ai-sdk\\/[^/]+)\\//.exec(url)?.[1]); return next(url, context) } })
    const { languageModel } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url))})
    const { resourceContext } = await import(${JSON.stringify(new URL('../../../tests/support/resource-context.ts', import.meta.url))})
    const { client } = await languageModel(${JSON.stringify(settings)}).open(resourceContext())
    ${call}
    console.log(JSON.stringify([...seen].filter(Boolean).sort()))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  return JSON.parse(stdout)
}

it('nothing of it is loaded by the local backend, or by a model that is opened only', async () => {
  const ask = `await client.generateText({ prompt: 'Hello.' }); for await (const _ of client.streamText({ prompt: 'Hello.' }).textStream);`
  expect(await loaded({}, ask)).toEqual([])
  expect(await loaded({ baseUrl: 'http://127.0.0.1:9', model: 'm' }, '')).toEqual([])
})

it('it is loaded by the first model call', async () => {
  await using server = await fakeChat()
  expect(await loaded({ baseUrl: server.url, model: 'm' }, `await client.generateText({ prompt: 'Hello.' })`)).toContain('ai')
})
