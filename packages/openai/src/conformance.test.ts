import net from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { embeddingsConformance } from './test/conformance.ts'
import { fakeEndpoint } from './test/fake-endpoint.ts'
import { open } from './test/open.ts'

embeddingsConformance('local form', () => open({}))

let endpoint: Awaited<ReturnType<typeof fakeEndpoint>>
beforeAll(async () => {
  endpoint = await fakeEndpoint()
})
afterAll(() => endpoint[Symbol.asyncDispose]())
embeddingsConformance('endpoint', () => open({ baseUrl: endpoint.baseUrl, model: 'm', batchTexts: 64 }))

it('the local form opens no socket', async () => {
  const connect = vi.spyOn(net.Socket.prototype, 'connect')
  const client = await open({})
  await client.embed(['a'])
  expect({ backend: client.backend, calls: connect.mock.calls.length }).toEqual({ backend: 'local', calls: 0 })
})

it('the local form finds texts that share words nearer than those that do not', async () => {
  const { vectors, dimensions } = await (await open({ dimensions: 256 })).embed([
    'How are secrets kept out of logs?',
    'Secrets never get into a log line.',
    'A schedule starts a job every night.',
  ])
  const dot = (a = 0, b = 0) => (vectors[a] ?? []).reduce((sum, value, index) => sum + value * (vectors[b]?.[index] ?? 0), 0)
  expect(dimensions).toBe(256)
  expect(dot(0, 0)).toBeCloseTo(1, 2)
  expect(dot(0, 1)).toBeGreaterThan(dot(0, 2) + 0.1)
})
