import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asset, type Budget, definitions, materialize } from 'dagma'
import { expect, it, onTestFinished } from 'vitest'
import { faultServer, json } from '../../../scripts/test-services/fault-server.ts'
import { embeddings } from './index.ts'
import { fakeEndpoint } from './test/fake-endpoint.ts'

/** Runs an asset that embeds these texts, in calls of one text each. */
async function run(baseUrl: string, texts: readonly string[], budget: Budget) {
  const projectFolder = mkdtempSync(join(tmpdir(), 'dagma-costs-'))
  onTestFinished(() => rmSync(projectFolder, { recursive: true }))
  const prices = { date: '2026-11-28', currency: 'USD', models: { fake: { input: 1e6 } } }
  writeFileSync(join(projectFolder, 'model-prices.json'), JSON.stringify(prices))
  const vectors = asset({
    key: 'vectors',
    resources: { embeddings },
    budget,
    run: async ({ resources, signal }) => (await resources.embeddings.embed(texts, { signal })).dimensions,
  })
  const bound = embeddings({ baseUrl, model: 'fake', batchTexts: 1, parallel: 1 })
  return materialize(definitions({ assets: [vectors], resources: { embeddings: bound } }), { projectFolder })
}

it('embeddings have their cost in the metadata of the asset', async () => {
  await using endpoint = await fakeEndpoint()
  const { materializations } = await run(endpoint.url, ['one', 'three'], { maxCost: 9 })
  expect(materializations.get('vectors')?.metadata).toMatchObject({ cost: { raw_value: 8 }, total_tokens: { raw_value: 8 } })
})

it('embeddings stop when a budget is used up', async () => {
  await using endpoint = await fakeEndpoint()
  const { status, events } = await run(endpoint.url, ['one', 'two', 'three', 'four'], { maxCost: 5 })
  expect(status).toBe('FAILURE')
  expect(endpoint.requests()).toBe(2)
  const [failure] = events.flatMap((event) => (event.type === 'STEP_FAILURE' ? [event] : []))
  expect(failure?.metadata.error_type?.raw_value).toBe('DAGMA_BUDGET_EXCEEDED')
})

it('tokens that the endpoint does not count are estimated for a budget, and not shown', async () => {
  await using endpoint = await faultServer((_, response) => json(response, { data: [{ index: 0, embedding: [1, 2] }] }))
  const { materializations } = await run(endpoint.url, ['a'], { maxTokens: 9 })
  expect(materializations.get('vectors')?.metadata.total_tokens).toBeUndefined()
  const { status } = await run(endpoint.url, ['nine chars', 'nine chars', 'nine chars', 'nine chars'], { maxTokens: 8 })
  expect(status).toBe('FAILURE')
  expect(endpoint.requests()).toBe(1 + 2)
})
