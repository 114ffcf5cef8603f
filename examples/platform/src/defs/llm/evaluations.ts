import { languageModel } from '@dagma/ai'
import { mlflow } from '@dagma/mlflow'
import { embeddings } from '@dagma/openai'
import { qdrant } from '@dagma/qdrant'
import { answerLength, evaluation, hitRate, mrr, ndcg } from 'dagma/evaluation'
import { answer } from '../../search/answer.ts'
import { goldenSet } from '../../search/golden-set.ts'
import { search } from '../../search/search.ts'
import { answerQuestion, qdrantUpsert } from './assets.ts'

/** Passages that are read of each answer of the search. */
const passages = 5

export const retrievalQuality = evaluation({
  asset: qdrantUpsert,
  name: 'retrieval_quality',
  description: 'Whether the search finds the pages that answer the questions of the golden set.',
  blocking: true,
  resources: { embeddings, qdrant, mlflow },
  dataset: goldenSet,
  run: async ({ example: { question }, resources: { embeddings, qdrant }, signal }) => {
    const hits = await search(question, { embeddings, qdrant, limit: passages, signal })
    return [...new Set(hits.map(({ document }) => document))]
  },
  scorers: { hit_rate: hitRate({ k: 3 }), mrr: mrr(), ndcg: ndcg() },
})

export const answerQuality = evaluation({
  asset: answerQuestion,
  name: 'answer_quality',
  description:
    'Whether the answers to the questions of the golden set are made of pages that answer them, and are neither empty nor endless.',
  resources: { embeddings, qdrant, languageModel, mlflow },
  dataset: goldenSet,
  run: async ({ example: { question }, resources: { languageModel, embeddings, qdrant }, signal }) => {
    const answered = await answer(question, languageModel, { embeddings, qdrant, limit: passages, signal })
    return { text: answered.answer, documents: [...new Set(answered.hits.map(({ document }) => document))] }
  },
  scorers: {
    cites_an_answer: ({ output, ...rest }) => hitRate({ k: passages })({ ...rest, output: output.documents }),
    length: ({ output, ...rest }) => answerLength({ min: 20, max: 2_000 })({ ...rest, output: output.text }),
  },
})
