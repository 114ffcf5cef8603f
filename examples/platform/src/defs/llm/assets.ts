import { languageModel } from '@dagma/ai'
import { langflow } from '@dagma/langflow'
import { embeddings } from '@dagma/openai'
import { qdrant } from '@dagma/qdrant'
import { asset, materializeResult } from 'dagma'
import { z } from 'zod'
import { answer } from '../../search/answer.ts'
import { documentationPassages, markdown } from '../../search/passages.ts'
import { search } from '../../search/search.ts'

export const embedTextsStub = asset({
  key: 'embed_texts_stub',
  group: 'llm',
  description:
    'The project’s documentation, cut into passages and embedded: by a model when one is set, otherwise by hashing words and groups of letters.',
  kinds: ['openai'],
  resources: { embeddings },
  run: async ({ resources: { embeddings }, signal }) => {
    const texts = documentationPassages()
    const embedded = await embeddings.embed(texts.map(markdown), { signal })
    const passages = texts.map((passage, index) => ({ ...passage, model: embedded.model, vector: embedded.vectors[index] ?? [] }))
    const documents = new Set(passages.map((passage) => passage.document))
    return materializeResult(passages, { metadata: { documents_count: documents.size, ...embeddings.metadata(embedded) } })
  },
})

/** Marks this project's points: a collection may hold others too. */
const source = 'dagma-documentation'

export const qdrantUpsert = asset({
  key: 'qdrant_upsert',
  group: 'llm',
  description: 'Stores the passages and their vectors in the collection.',
  kinds: ['qdrant'],
  inputs: { passages: embedTextsStub },
  resources: { embeddings, qdrant },
  run: async ({ inputs: { passages }, resources: { embeddings, qdrant } }) => {
    const other = passages.find(({ model }) => model !== embeddings.model)
    if (other)
      throw new Error(`The passages were embedded by ${other.model}, not by ${embeddings.model}: materialize embed_texts_stub again.`)
    await qdrant.ensureCollection({ size: passages[0]?.vector.length ?? 1, distance: embeddings.distance })
    const { points } = await qdrant.upsert(
      passages.map(({ id, model, vector, document, headings, text }) => ({
        id,
        vector,
        payload: { source, model, passage: id, document, heading: headings.join(' › '), text },
      })),
    )
    // Passages of an earlier state of the documentation.
    await qdrant.delete({
      filter: { must: { key: 'source', match: { value: source } }, must_not: { has_id: passages.map(({ id }) => id) } },
    })
    return materializeResult(
      { collection: qdrant.collection, points },
      { metadata: { points_count: points, ...qdrant.metadata('upsert points') } },
    )
  },
})

/** Config of `qdrant_search`. */
const searchConfig = z.object({
  question: z.string().min(1).default('How are secrets kept out of logs and metadata?'),
  limit: z.number().int().min(1).max(20).default(3),
})

export const qdrantSearch = asset({
  key: 'qdrant_search',
  group: 'llm',
  description: 'Finds the passages that answer a question.',
  kinds: ['qdrant'],
  deps: [qdrantUpsert],
  resources: { embeddings, qdrant },
  config: searchConfig,
  run: async ({ config: { question, limit }, resources: { embeddings, qdrant }, signal }) => {
    const hits = await search(question, { embeddings, qdrant, limit, signal })
    return materializeResult(hits, { metadata: { returned: hits.length, ...qdrant.metadata('query points') } })
  },
})

export const answerQuestion = asset({
  key: 'answer_question',
  group: 'llm',
  description:
    'Answers a question from the passages that the search finds, and cites them: by a model when one is set, otherwise with their best sentences.',
  kinds: ['ai'],
  deps: [qdrantUpsert],
  resources: { embeddings, qdrant, languageModel },
  config: searchConfig,
  run: async ({ config: { question, limit }, resources: { languageModel, ...found }, signal }) => {
    const { generation, hits, ...answered } = await answer(question, languageModel, { ...found, limit, signal })
    return materializeResult(answered, { metadata: { returned: hits.length, ...languageModel.metadata(generation) } })
  },
})

export const langflowRunFlow = asset({
  key: 'langflow_run_flow',
  group: 'llm',
  description: 'Runs a LangFlow flow and keeps a summary of its answer.',
  kinds: ['langflow'],
  resources: { langflow },
  config: z.object({ input: z.string().min(1).default('Say hello.') }),
  run: async ({ config: { input }, resources: { langflow }, signal }) => {
    const answer = await langflow.runFlow({ input, signal })
    const summary = { outputs_count: answer.outputsCount, answer_characters: answer.text.length }
    return materializeResult(summary, { metadata: { ...summary, ...langflow.metadata() } })
  },
})
