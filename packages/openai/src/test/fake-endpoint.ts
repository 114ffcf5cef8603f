import { type FaultServer, faultServer, json } from '../../../../scripts/test-services/fault-server.ts'

/** A request that the fake endpoint took. */
export interface EmbeddingsRequest {
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly model: string
  readonly input: readonly string[]
  readonly dimensions?: number
}

/** An endpoint on 127.0.0.1 that answers as OpenAI's does, but with its vectors in no order; a token is a character. */
export async function fakeEndpoint(
  options: { readonly size?: number; readonly key?: string } = {},
): Promise<FaultServer & { readonly taken: EmbeddingsRequest[] }> {
  const { size = 3, key } = options
  const taken: EmbeddingsRequest[] = []
  const server = await faultServer((request, response, _count, body) => {
    const { authorization } = request.headers
    const asked = JSON.parse(body) as Omit<EmbeddingsRequest, 'url' | 'authorization'>
    taken.push({ url: request.url, authorization, ...asked })
    if (key !== undefined && authorization !== `Bearer ${key}`) return json(response, { error: { message: 'no such key' } }, 401)
    if (request.url !== '/v1/embeddings' || asked.model !== 'fake') return json(response, { error: { code: 'model_not_found' } }, 404)
    const data = asked.input
      .map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text, asked.dimensions ?? size) }))
      .reverse()
    const tokens = asked.input.join('').length
    json(response, { object: 'list', data, model: 'fake-0001', usage: { prompt_tokens: tokens, total_tokens: tokens } })
  })
  return { ...server, taken }
}

/** The fake model's vector of a text. */
export function vectorOf(text: string, size: number): number[] {
  return Array.from({ length: size }, (_, place) => (text.charCodeAt(place % text.length) % 17) + place)
}
