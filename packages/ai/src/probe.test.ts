import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { secret } from 'dagma'
import type { Finding } from 'dagma/author'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { json } from '../../../scripts/test-services/fault-server.ts'
import { type LanguageModelSettings, languageModel } from './index.ts'
import { completion, fakeChat } from './test/fake-chat.ts'

let projectFolder: string
beforeAll(() => {
  vi.stubEnv('LLM_PROBE_KEY', 'key-of-the-probe-tests')
  projectFolder = mkdtempSync(join(tmpdir(), 'dagma-probe-'))
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(projectFolder, { recursive: true })
})

async function probe(settings: LanguageModelSettings): Promise<readonly Finding[]> {
  const signal = new AbortController().signal
  return (await languageModel(settings).probe?.({ projectFolder, timeoutMs: 10_000, signal })) ?? []
}

/** Each finding in one line. */
const lines = (findings: readonly Finding[]): string[] => findings.map(({ check, status, message }) => `${status} ${check}: ${message}`)

describe('doctor', () => {
  it('says that the local backend is used, and which variables that leaves unused', async () => {
    expect(lines(await probe({}))).toEqual(['local backend: Using the local backend, which has no model.'])
    expect(lines(await probe({ model: 'm', apiKey: secret('LLM_PROBE_KEY') }))[1]).toBe(
      'warning LLM_BASE_URL: It is not set, which leaves LLM_MODEL and LLM_PROBE_KEY unused.',
    )
  })

  it('calls the model once, and says that all is well', async () => {
    await using server = await fakeChat()
    expect(lines(await probe({ baseUrl: server.url, model: 'fake', apiKey: secret('LLM_PROBE_KEY') }))).toEqual([
      `ok reachable: ${server.url}/v1 answers.`,
      'ok authentication: The key in LLM_PROBE_KEY is accepted.',
      'ok LLM_MODEL: Model "fake" answers.',
    ])
    expect(server.requests()).toBe(1)
  })

  it.each([
    [401, 'authentication'],
    [404, 'LLM_MODEL'],
    [500, 'language model'],
  ])('finds %i as a matter of %s', async (status, check) => {
    await using server = await fakeChat((_, response) => json(response, {}, status))
    const [reachable, found] = await probe({ baseUrl: server.url, model: 'fake' })
    expect(reachable).toMatchObject({ check: 'reachable', status: 'ok' })
    expect(found).toMatchObject({ check, status: 'error' })
  })

  it('finds an endpoint that does not count tokens', async () => {
    await using server = await fakeChat((request) => completion(request, 'ready', { usage: undefined }))
    expect(await probe({ baseUrl: server.url, model: 'fake' })).toContainEqual(
      expect.objectContaining({ check: 'LLM_MODEL', status: 'warning' }),
    )
  })

  it('reads the prices: good, of another model, old, and wrong', async () => {
    await using server = await fakeChat()
    const prices = async (content: object): Promise<string | undefined> => {
      writeFileSync(join(projectFolder, 'model-prices.json'), JSON.stringify(content))
      return lines(await probe({ baseUrl: server.url, model: 'fake' })).at(-1)
    }
    const today = new Date().toISOString().slice(0, 10)
    const models = { fake: { input: 0.25, output: 2 } }
    expect(await prices({ date: today, currency: 'USD', models })).toBe(
      `ok model-prices.json: A million tokens of "fake" cost 0.25 (input) and 2 (output) USD, as of ${today}.`,
    )
    expect(await prices({ date: today, currency: 'USD', models: {} })).toBe('warning model-prices.json: It has no price of model "fake".')
    expect(await prices({ date: '2020-01-01', currency: 'USD', models })).toMatch(/^warning model-prices.json: A million tokens/)
    expect(await prices({ date: today, models })).toMatch(/^error model-prices.json: .*has no currency/)
  })
})
