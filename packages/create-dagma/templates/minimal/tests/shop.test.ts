import assert from 'node:assert/strict'
import { test } from 'node:test'
import { materializeToMemory } from 'dagma/testing'
import project from '../src/definitions.ts'
import { revenue } from '../src/defs/shop.ts'

test('revenue is the sum of the orders', async () => {
  const run = await materializeToMemory([revenue], {
    values: {
      orders: [
        { id: 1, euros: 3 },
        { id: 2, euros: 4 },
      ],
    },
  })
  assert.equal(run.status, 'SUCCESS')
  assert.equal(await run.load(revenue), 7)
})

test('the job runs', async () => {
  const run = await materializeToMemory(project, { job: 'shop_job' })
  assert.equal(run.status, 'SUCCESS')
})
