import { asset, dailyPartitions, MetadataValue, materializeResult, retryPolicy } from 'dagma'
import { shop } from '../../resources/shop.ts'

export const days = dailyPartitions({ start: '2026-01-01' })

export const orders = asset({
  key: 'orders',
  group: 'orders',
  description: 'The orders of one day, from the shop.',
  partitions: days,
  resources: { shop },
  retryPolicy: retryPolicy({ maxRetries: 2, delaySeconds: 30 }),
  run: async ({ partitionKey, resources: { shop }, signal }) => {
    const rows = await shop.orders(partitionKey, signal)
    return materializeResult(rows, {
      metadata: { count: rows.length, backend: shop.backend, preview: MetadataValue.json(rows.slice(0, 5)) },
    })
  },
})

export const revenue = asset({
  key: 'revenue',
  group: 'orders',
  description: 'What each product sold for in a day, in cents.',
  partitions: days,
  inputs: { orders },
  run: ({ inputs: { orders } }) => {
    const products: { [product: string]: number } = {}
    for (const { product, cents } of orders) products[product] = (products[product] ?? 0) + cents
    return materializeResult(products, { metadata: { products: Object.keys(products).length } })
  },
})
