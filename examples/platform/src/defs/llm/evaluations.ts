import { mlflow } from '@dagma/mlflow'
import { embeddings } from '@dagma/openai'
import { qdrant } from '@dagma/qdrant'
import { evaluation, hitRate, mrr, ndcg } from 'dagma/evaluation'
import { goldenSet } from '../../search/golden-set.ts'
import { qdrantUpsert } from './assets.ts'

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
    const { vectors, model } = await embeddings.embed([question], { purpose: 'query', signal })
    const filter = { must: { key: 'model', match: { value: model } } }
    const found = await qdrant.query({ vector: vectors[0] ?? [], limit: passages, filter })
    return [...new Set(found.map(({ payload }) => String(payload?.document)))]
  },
  scorers: { hit_rate: hitRate({ k: 3 }), mrr: mrr(), ndcg: ndcg() },
})
