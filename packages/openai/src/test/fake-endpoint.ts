import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json as readJson } from 'node:stream/consumers'

/** A request that the endpoint got. */
export interface Asked {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: {
    readonly model: string
    readonly input: readonly string[]
    readonly dimensions?: number
    readonly encoding_format?: string
  }
}

/** What a text becomes: a vector that tells the text apart. */
export const fakeVector = (text: string, size = 4): number[] =>
  Array.from({ length: size }, (_, place) => (text.charCodeAt(place % text.length) % 97) / 97 + 0.01)

/** An OpenAI-compatible endpoint on 127.0.0.1 that counts a token a word, answers in any order, and is as slow as it is told. */
export async function fakeEndpoint(change: (answer: Record<string, unknown>, asked: Asked) => unknown = (answer) => answer) {
  const asked: Asked[] = []
  const atWork = { now: 0, most: 0 }
  const server = createServer(async (request, response) => {
    atWork.most = Math.max(atWork.most, ++atWork.now)
    const body = (await readJson(request)) as Asked['body']
    const one: Asked = { path: request.url ?? '', headers: request.headers, body }
    asked.push(one)
    const data = body.input.map((text, index) => ({ object: 'embedding', index, embedding: fakeVector(text, body.dimensions) }))
    const tokens = body.input.reduce((sum, text) => sum + text.split(/\s+/).length, 0)
    const answer = {
      object: 'list',
      data: data.reverse(),
      model: `${body.model}-0001`,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
    atWork.now -= 1
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(change(answer, one)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    /** Most requests that were at work at once. */
    mostAtWork: () => atWork.most,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
