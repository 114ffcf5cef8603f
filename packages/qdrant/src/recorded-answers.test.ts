import { secret } from 'dagma'
import { ServiceError } from 'dagma/author'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { openLocalWire } from './local/local-wire.ts'
import { open, temporaryProject } from './test/open.ts'
import { collectionOf, type RecordedCall, recordedCalls, replay, resultOf, unmapped } from './test/recording.ts'
import { replayingServer } from './test/replaying-server.ts'

const key = 'key-of-the-replaying-server'
vi.stubEnv('QDRANT_REPLAY_KEY', key)
vi.stubEnv('QDRANT_REPLAY_OTHER_KEY', 'another-key-altogether')
afterAll(() => vi.unstubAllEnvs())

const mapped = recordedCalls.filter(({ name }) => !(name in unmapped))

/** Scores and vectors may differ by rounding: the server computes in 32 bits. */
function rounded(answer: unknown): unknown {
  if (typeof answer === 'number') return expect.closeTo(answer, 5)
  if (Array.isArray(answer)) return answer.map(rounded)
  if (typeof answer !== 'object' || answer === null) return answer
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, rounded(value)]))
}

/** Holds what came of a call against what was recorded. */
async function holds(call: RecordedCall, outcome: Promise<unknown>): Promise<void> {
  const got = await outcome.catch((error: unknown) => error)
  if (call.response.status === 200) return expect(got, call.name).toEqual(rounded(resultOf(call)))
  expect(got, call.name).toBeInstanceOf(ServiceError)
  expect((got as ServiceError).status, call.name).toBe(call.response.status)
}

describe('the answers recorded from a Qdrant server', () => {
  it('are mapped to the interface but for those that are listed', () => {
    expect(recordedCalls.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(unmapped)))
    expect(mapped.length).toBe(48)
  })

  it('are those of the local store, call by call', async () => {
    using project = temporaryProject()
    for (const call of mapped) {
      await using opened = await open({ collection: collectionOf(call) }, { projectFolder: project.folder })
      await holds(call, replay(call, opened.client))
    }
  })

  it('have the statuses of the local store also for requests that the client does not make', async () => {
    using project = temporaryProject()
    const wire = openLocalWire(project.folder, new AbortController().signal)
    const missing: string[] = []
    for (const { name, request, response } of recordedCalls) {
      if (typeof request.body === 'string' || request.api_key !== 'valid') continue
      const { pathname, searchParams } = new URL(request.path, 'http://h')
      const status = await wire.json({
        operation: name,
        method: request.method,
        path: pathname.slice(1),
        query: Object.fromEntries(searchParams),
        json: request.body,
        expected: (failure) => failure.status as never,
      })
      if (status === (501 as unknown)) missing.push(name)
      else expect(typeof status === 'number' ? status : 200, name).toBe(response.status)
    }
    wire.close()
    expect(missing).toEqual(['list empty', 'exists: no', 'exists: yes', 'get one', 'get one missing', 'set payload'])
  })

  it('are read by the client over HTTP, call by call', async () => {
    await using server = await replayingServer(key)
    for (const call of mapped) {
      server.at(call)
      await using opened = await open({ collection: collectionOf(call), url: server.url, apiKey: secret('QDRANT_REPLAY_KEY') })
      await holds(call, replay(call, opened.client))
    }
  })

  it.each([
    ['no key', undefined, /Unauthorized\. Qdrant requires credentials: set QDRANT_API_KEY\./],
    [
      'a key that is not set',
      'QDRANT_REPLAY_KEY_NOBODY_SET',
      /Unauthorized\. Qdrant requires credentials: set|Unauthorized\. Check the value of/,
    ],
    ['a wrong key', 'QDRANT_REPLAY_OTHER_KEY', /Unauthorized\. Check the value of QDRANT_REPLAY_OTHER_KEY\./],
  ])('say 401 for %s', async (_, variable, message) => {
    await using server = await replayingServer(key)
    await using opened = await open({ collection: 'docs', url: server.url, ...(variable && { apiKey: secret(variable) }) })
    await expect(opened.client.count()).rejects.toThrow(message)
  })

  it('do not get into errors, but for the sizes of a vector', async () => {
    await using server = await replayingServer(key)
    const wrongSize = recordedCalls.find(({ name }) => name === 'query wrong size') as RecordedCall
    server.at(wrongSize)
    await using opened = await open({ collection: 'docs', url: server.url, apiKey: secret('QDRANT_REPLAY_KEY') })
    const error: Error = await replay(wrongSize, opened.client).then(
      () => expect.unreachable(),
      (thrown) => thrown,
    )
    expect(error.message.replace(server.url, '')).toMatchInlineSnapshot(
      `"Qdrant: query points failed: POST /collections/docs/points/query answered 400: a vector has 2 numbers, but those of collection "docs" have 4. Use the same embedding model for what is stored and what is asked. Has the model changed? Delete this collection, or name another collection (QDRANT_COLLECTION), and materialize again the assets that embed and that fill it."`,
    )
  })
})
