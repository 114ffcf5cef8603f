import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { pageFinding } from './page.ts'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

const look = async (answer: (response: ServerResponse, url: string) => void, { timeoutMs = 60_000 } = {}) => {
  const server = createServer((request, response) => answer(response, request.url ?? ''))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ui/#/runs/1`
  const context = { timeoutMs, signal: new AbortController().signal }
  return { url, ...(await pageFinding({ key: 'run_url', url, system: 'Tester', setting: 'TESTER_UI' }, context)) }
}
const html =
  (status: number, headers = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers })
    response.end('<html></html>')
  }

it('is good when a page answers, and asks for just that path', async () => {
  const asked: string[] = []
  const { url, ...finding } = await look((response, path) => {
    asked.push(path)
    html(200)(response)
  })
  expect(finding).toEqual({ check: 'run_url', status: 'ok', message: `${url} opens` })
  expect(asked).toEqual(['/ui/'])
})

it.each([401, 302, 307])('is good when it asks for a login: %i', async (status) => {
  expect(await look(html(status, status === 401 ? {} : { location: '/login' }))).toMatchObject({
    status: 'ok',
    message: expect.stringContaining('asks for a login'),
  })
})

it.each([404, 403, 500, 503])('is bad when it answers %i, asked once', async (status) => {
  let count = 0
  const finding = await look((response) => {
    count += 1
    html(status)(response)
  })
  expect(finding).toMatchObject({
    status: 'error',
    message: expect.stringContaining(`answered ${status}`),
    fix: expect.stringMatching(/\S/),
  })
  expect(count).toBe(1)
})

it('is bad when JSON answers, or nothing in time', async () => {
  const json = await look((response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{}')
  })
  expect(json).toMatchObject({
    status: 'error',
    message: expect.stringContaining('answered something other than a page'),
    fix: expect.stringContaining('TESTER_UI'),
  })
  expect(await look(() => {}, { timeoutMs: 300 })).toMatchObject({
    status: 'error',
    message: expect.stringContaining('no answer within 300 ms'),
  })
})
