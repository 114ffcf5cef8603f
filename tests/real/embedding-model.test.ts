/** Embeddings by a real model, searched in Qdrant's local store: a question finds the passage that means the same, with no word in common. */
import { embeddings } from '@dagma/openai'
import { qdrant } from '@dagma/qdrant'
import { asset, definitions, materialize, materializeResult } from 'dagma'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { embeddingModel, modelName } from '../support/embedding-model.ts'
import { smallProject } from '../support/test-project.ts'

/** A passage, and a question whose words it does not use. */
const pairs: readonly (readonly [passage: string, question: string])[] = [
  ['Refunds take five days.', 'When do I get my money back?'],
  ['The office is closed on Sundays.', 'Can I visit you at the weekend?'],
  ['Employees may work from home twice a week.', 'Is remote labour permitted?'],
  ['The server restarts automatically after a crash.', 'What happens when the computer fails?'],
  ['Passwords must have twelve characters.', 'How long should my login secret be?'],
  ['Dogs are welcome in the garden.', 'May I bring my pet?'],
  ['The train to Berlin leaves at noon.', 'At what hour does the railway depart?'],
  ['Children eat for free.', 'What does a meal cost for kids?'],
]

let model: Awaited<ReturnType<typeof embeddingModel>>
beforeAll(async () => {
  model = await embeddingModel()
})
afterAll(() => model?.[Symbol.asyncDispose]())

/** How many of the questions find their passage first, by these embeddings. */
async function found(settings: { readonly baseUrl?: string; readonly model?: string }): Promise<{ hits: number; metadata: object }> {
  using project = smallProject('')
  const stored = asset({
    key: 'stored',
    resources: { embeddings, qdrant },
    run: async ({ resources }) => {
      const embedded = await resources.embeddings.embed(pairs.map(([passage]) => passage))
      await resources.qdrant.ensureCollection({ size: embedded.dimensions, distance: resources.embeddings.distance })
      await resources.qdrant.upsert(embedded.vectors.map((vector, id) => ({ id, vector })))
      return materializeResult(null, { metadata: resources.embeddings.metadata(embedded) })
    },
  })
  const searched = asset({
    key: 'searched',
    deps: [stored],
    resources: { embeddings, qdrant },
    run: async ({ resources }) => {
      let hits = 0
      for (const [id, [, question]] of pairs.entries()) {
        const { vectors } = await resources.embeddings.embed([question], { purpose: 'query' })
        const [best] = await resources.qdrant.query({ vector: vectors[0] ?? [], limit: 1 })
        if (best?.id === id) hits++
      }
      return materializeResult(hits, { metadata: { hits } })
    },
  })
  const resources = { embeddings: embeddings(settings), qdrant: qdrant({ collection: 'pairs' }) }
  const run = await materialize(definitions({ assets: [stored, searched], resources }), { projectFolder: project.folder })
  expect(run.status).toBe('SUCCESS')
  const metadata = run.materializations.get('stored')?.metadata ?? {}
  return { hits: Number(run.materializations.get('searched')?.metadata.hits?.raw_value), metadata }
}

it('a model finds what means the same, where words alone do not', async () => {
  const [byModel, byWords] = [await found({ baseUrl: model.url, model: modelName }), await found({})]
  expect(byModel.metadata).toMatchObject({
    backend: { raw_value: 'openai' },
    model: { raw_value: modelName },
    dimensions: { raw_value: 512 },
  })
  expect(byModel.hits).toBeGreaterThanOrEqual(pairs.length - 1)
  expect(byWords.hits).toBeLessThan(byModel.hits)
})
