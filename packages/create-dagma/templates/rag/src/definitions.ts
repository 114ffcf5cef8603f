import { embeddings, embeddingsFromEnv } from '@dagma/openai'
import { qdrant, qdrantFromEnv } from '@dagma/qdrant'
import { definitions } from 'dagma'
import * as documents from './defs/documents/assets.ts'
import * as search from './defs/search/assets.ts'

export default definitions({
  modules: [documents, search],
  resources: { embeddings: embeddings(embeddingsFromEnv), qdrant: qdrant(() => qdrantFromEnv('documents')) },
})
