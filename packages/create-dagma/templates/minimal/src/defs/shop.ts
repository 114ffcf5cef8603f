import { asset, job, MetadataValue, materializeResult } from 'dagma'

export const orders = asset({
  key: 'orders',
  group: 'shop',
  description: 'Orders of the shop.',
  run: ({ log }) => {
    const rows = [
      { id: 1, euros: 20 },
      { id: 2, euros: 35 },
    ]
    log.info(`Read ${rows.length} orders`)
    return materializeResult(rows, { metadata: { count: rows.length, preview: MetadataValue.json(rows) } })
  },
})

export const revenue = asset({
  key: 'revenue',
  group: 'shop',
  description: 'The sum of all orders.',
  inputs: { orders },
  run: ({ inputs: { orders } }) => {
    const euros = orders.reduce((sum, order) => sum + order.euros, 0)
    return materializeResult(euros, { metadata: { euros } })
  },
})

export const shopJob = job({ name: 'shop_job', selection: [orders, revenue] })
