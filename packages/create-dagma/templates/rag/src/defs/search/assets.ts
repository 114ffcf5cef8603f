import { embeddings } from '@dagma/openai'
import { qdrant } from '@dagma/qdrant'
import { asset, assetCheck, job, MetadataValue, materializeResult } from 'dagma'
import { z } from 'zod'
import { collection } from '../documents/assets.ts'

export const answer = asset({
  key: 'answer',
  group: 'search',
  description: 'The passages that answer a question.',
  deps: [collection],
  resources: { embeddings, qdrant },
  config: z.object({
    question: z.string().min(1).default('How hot is the water for green tea?').describe('What is searched for'),
    limit: z.number().int().min(1).max(20).default(3).describe('Passages that are returned at most'),
  }),
  run: async ({ config: { question, limit }, resources: { embeddings, qdrant }, signal }) => {
    const { vectors } = await embeddings.embed([question], { purpose: 'query', signal })
    const found = await qdrant.query({ vector: vectors[0] ?? [], limit })
    const passages = found.map(({ score, payload }) => ({ score, document: String(payload?.document), text: String(payload?.text) }))
    // Which documents they are of: the texts are in the value, not in metadata that everybody sees.
    const preview = MetadataValue.json(passages.map(({ document, score }) => ({ document, score })))
    return materializeResult(passages, { metadata: { returned: passages.length, preview, ...qdrant.metadata('query points') } })
  },
})

/** Questions, and the document that answers each. */
const questions = [
  ['How hot is the water for green tea?', 'tea.md'],
  ['How long is black tea steeped?', 'tea.md'],
  ['How much ground coffee goes into a litre?', 'coffee.md'],
  ['Under which pressure is an espresso brewed?', 'coffee.md'],
] as const

export const evaluation = asset({
  key: 'evaluation',
  group: 'search',
  description: 'Which questions are answered by the right document.',
  deps: [collection],
  resources: { embeddings, qdrant },
  run: async ({ resources: { embeddings, qdrant }, signal }) => {
    const texts = questions.map(([question]) => question)
    const { vectors } = await embeddings.embed(texts, { purpose: 'query', signal })
    const results = []
    for (const [index, [question, expected]] of questions.entries()) {
      const [best] = await qdrant.query({ vector: vectors[index] ?? [], limit: 1 })
      const found = String(best?.payload?.document)
      results.push({ question, expected, found, isRight: found === expected })
    }
    const right = results.filter(({ isRight }) => isRight).length
    return materializeResult(results, { metadata: { count: results.length, accuracy: right / results.length } })
  },
})

export const evaluationIsGood = assetCheck({
  asset: evaluation,
  name: 'accuracy',
  description: 'Three questions of four are answered by the right document.',
  run: async ({ load }) => {
    const results = await load()
    const accuracy = results.filter(({ isRight }) => isRight).length / results.length
    return { passed: accuracy >= 0.75, metadata: { accuracy } }
  },
})

export const ragJob = job({ name: 'rag_job', selection: '*' })
