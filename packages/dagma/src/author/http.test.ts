import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { secret } from '../metadata/redaction/secret.ts'
import { httpService } from './http.ts'
import type { HttpServiceOptions } from './http-types.ts'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
  vi.unstubAllEnvs()
})

async function serviceOf(
  handler: (request: IncomingMessage, response: ServerResponse, count: number) => void,
  options: Partial<HttpServiceOptions> = {},
) {
  let count = 0
  const server = createServer((request, response) => handler(request, response, ++count))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const service = httpService({
    system: 'Tester',
    baseUrl,
    baseUrlSetting: 'TESTER_URL',
    authSetting: 'TESTER_KEY',
    retryDelayMs: 1,
    ...options,
  })
  return { service, baseUrl, count: () => count }
}

function answer(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

const get = { operation: 'get it', method: 'GET', path: 'it' } as const

describe('a call', () => {
  it('gives JSON, null and false included', async () => {
    const values = [{ a: 1 }, null, false, 0, '']
    const { service } = await serviceOf((_, response, count) => answer(response, values[count - 1]))
    for (const value of values) expect(await service.json(get)).toEqual(value)
  })

  it('takes any kind of JSON for JSON', async () => {
    const { service } = await serviceOf((_, response) => {
      response.writeHead(200, { 'content-type': 'application/problem+json; charset=utf-8' })
      response.end('{"a":1}')
    })
    expect(await service.json(get)).toEqual({ a: 1 })
  })

  it('gives bytes whatever their type, and nothing when nothing is wanted', async () => {
    const { service } = await serviceOf((request, response) => {
      response.writeHead(request.method === 'PUT' ? 204 : 200)
      response.end(request.method === 'PUT' ? undefined : Buffer.from([0, 200]))
    })
    expect([...(await service.bytes(get))]).toEqual([0, 200])
    expect(await service.send({ ...get, method: 'PUT', body: { content: 'x', contentType: 'text/plain' } })).toBeUndefined()
  })

  it('turns an expected failure into a result, and leaves the others', async () => {
    const { service } = await serviceOf((_, response, count) => answer(response, { code: 'GONE' }, count === 1 ? 404 : 400))
    const call = { ...get, expected: ({ status, answer }: { status: number; answer: unknown }) => (status === 404 ? answer : undefined) }
    expect(await service.json(call)).toEqual({ code: 'GONE' })
    await expect(service.json(call)).rejects.toThrow(/answered 400/)
  })

  it('is retried as often as asked for, and no oftener', async () => {
    const { service, count } = await serviceOf((_, response) => answer(response, {}, 503), { retries: 4 })
    await expect(service.json(get)).rejects.toThrow(/answered 503: Service Unavailable\. Look into the log of Tester\./)
    expect(count()).toBe(5)
    await expect(service.json({ ...get, method: 'POST', json: {} })).rejects.toThrow(/503/)
    expect(count()).toBe(6)
  })

  it('does not accept a key along to where it is sent on', async () => {
    vi.stubEnv('TESTER_KEY', 'key-of-the-tester')
    const other = await serviceOf((_, response) => answer(response, {}))
    const { service } = await serviceOf(
      (_, response) => {
        response.writeHead(302, { location: other.baseUrl })
        response.end()
      },
      { auth: { header: 'x-api-key', value: secret('TESTER_KEY') } },
    )
    await expect(service.json(get)).rejects.toThrow(/answered 302: a redirect, which is not followed\. Set TESTER_URL/)
    expect(other.count()).toBe(0)
  })

  it('throws the reason of the signal, before and while it waits to try again', async () => {
    const abort = new AbortController()
    const { service, count } = await serviceOf(
      (_, response) => {
        answer(response, {}, 503)
        setTimeout(() => abort.abort(new Error('canceled')), 20)
      },
      { retryDelayMs: 60_000 },
    )
    await expect(service.json({ ...get, signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
    await expect(service.json({ ...get, signal: abort.signal })).rejects.toThrow('canceled')
    expect(count()).toBe(1)
  })

  it.each(['the time-out', 'a signal'])('ends a body that never ends by %s, also after a garbage collection', async (how) => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const abort = new AbortController()
    const { service } = await serviceOf(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write('{"x": "')
      },
      { timeoutMs: how === 'a signal' ? 60_000 : 2_000 },
    )
    const collecting = setInterval(collect, 20)
    const aborting = setTimeout(() => how === 'a signal' && abort.abort(new Error('canceled')), 300)
    await expect(service.json({ ...get, signal: abort.signal })).rejects.toThrow(
      how === 'a signal' ? 'canceled' : /did not end within 2000 ms/,
    )
    clearInterval(collecting)
    clearTimeout(aborting)
  })

  it('shows an error code of capitals only', async () => {
    const codes = ['NO_SUCH_THING', 'text of a user', 'key=12345678', 17]
    const { service } = await serviceOf((_, response, count) => answer(response, { code: codes[count - 1] }, 400), {
      errorCode: (body) => (body as { code: unknown }).code,
    })
    await expect(service.json(get)).rejects.toThrow('answered 400: Bad Request (NO_SUCH_THING). ')
    for (const _ of codes.slice(1)) await expect(service.json(get)).rejects.toThrow('answered 400: Bad Request. ')
  })
})

describe('a service', () => {
  it.each(['', 'localhost:1', 'ftp://host', 'http://me:a-password@host'])('refuses the root %j, without repeating it', (baseUrl) => {
    const make = () => httpService({ system: 'Tester', baseUrl, baseUrlSetting: 'TESTER_URL', authSetting: 'TESTER_KEY' })
    expect(make).toThrow(/^TESTER_URL /)
    expect(make).not.toThrow(/a-password/)
  })

  it('refuses a time-out that fetch does not keep', () => {
    const make = (timeoutMs: number) => () =>
      httpService({ system: 'Tester', baseUrl: 'http://host', baseUrlSetting: 'TESTER_URL', authSetting: 'TESTER_KEY', timeoutMs })
    for (const wrong of [0, -1, 300_001, Number.NaN]) expect(make(wrong)).toThrow(/timeoutMs must be above 0/)
  })
})
