import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { secret } from 'dagma'
import { fakeClock, materializeToMemory } from 'dagma/testing'
import project from '../src/definitions.ts'
import { orders, revenue } from '../src/defs/orders/assets.ts'
import { type Order, shop } from '../src/resources/shop.ts'

const options = { job: 'ingest_orders', partitionKey: '2026-02-01', clock: fakeClock(new Date('2026-02-10T00:00:00Z')) }

/** A run of the job against a shop that has these orders. */
async function ingest(rows: Order[]) {
  const server = createServer((request, response) => {
    assert.equal(request.url, '/api/orders?day=2026-02-01')
    response.setHeader('content-type', 'application/json').end(JSON.stringify(rows))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  try {
    const settings = { url: `http://127.0.0.1:${port}/api`, token: secret('SHOP_TOKEN') }
    return await materializeToMemory(project, { ...options, resources: { shop: shop(settings) } })
  } finally {
    server.close()
  }
}

const row: Order = { id: 'a', product: 'tea', cents: 300 }

test('a day is ingested, and its revenue is summed up', async () => {
  const run = await ingest([row, { ...row, id: 'b', cents: 200 }])
  assert.equal(run.status, 'SUCCESS')
  assert.deepEqual(await run.load(revenue), { tea: 500 })
})

test('a doubled order stops the day', async () => {
  const run = await ingest([row, row])
  assert.equal(run.materializations.has('orders'), true)
  assert.equal(run.materializations.has('revenue'), false)
})

test('without an address the orders are made up', async () => {
  const run = await materializeToMemory(project, { ...options, resources: { shop: shop({ url: undefined, token: secret('SHOP_TOKEN') }) } })
  assert.equal((await run.load(orders)).length, 4)
})
