import { expect, test } from 'vitest'
import { faultServer, json } from '../../../../scripts/test-services/fault-server.ts'
import { serviceFetch } from './service-fetch.ts'

/** A fetch of a system at a server, and what the server was asked. */
async function shop() {
  const asked: unknown[] = []
  const server = await faultServer((request, response, count, body) => {
    const { method, url, headers } = request
    asked.push([method, url, headers['content-type'], headers['x-own'], body])
    if (count === 1) json(response, {}, 503)
    else json(response, { count })
  })
  const options = { system: 'Shop', baseUrl: server.url, baseUrlSetting: 'SHOP_URL', authSetting: 'SHOP_KEY', retryDelayMs: 1 }
  return { asked, server, shopFetch: serviceFetch({ ...options, operation: 'place order' }) }
}

test('sends what the library gives, as it is, and again where that may help', async () => {
  const { asked, server, shopFetch } = await shop()
  await using _ = server
  const answer = await shopFetch(`${server.url}/orders?a=1`, {
    method: 'post',
    body: '{"a":1}',
    headers: { 'X-Own': 'yes', 'content-type': 'text/plain' },
  })
  expect([answer.status, answer.headers.get('content-type'), await answer.json()]).toEqual([200, 'application/json', { count: 2 }])
  const sent = ['POST', '/orders?a=1', 'text/plain', 'yes', '{"a":1}']
  expect(asked).toEqual([sent, sent])
})

test('is a GET without a body by default, takes bytes and forms, and refuses what it does not know', async () => {
  const { asked, server, shopFetch } = await shop()
  await using _ = server
  await shopFetch(new URL(`${server.url}/orders`))
  await shopFetch(`${server.url}/orders`, { method: 'PUT', body: new Blob(['bytes']) })
  expect(asked.slice(1)).toEqual([
    ['GET', '/orders', undefined, undefined, ''],
    ['PUT', '/orders', 'application/json', undefined, 'bytes'],
  ])
  await expect(shopFetch(server.url, { method: 'TRACE' })).rejects.toThrow('Shop: the library calls it by the method TRACE')
})

test('aborts with the reason of whoever does', async () => {
  const { server, shopFetch } = await shop()
  await using _ = server
  const signal = AbortSignal.abort(new Error('canceled'))
  await expect(shopFetch(server.url, { signal })).rejects.toThrow('canceled')
})
