import { assetCheck } from 'dagma'
import { orders } from './assets.ts'

/** Blocks: what is downstream of a day with a doubled order is skipped. */
export const ordersAreUnique = assetCheck({
  asset: orders,
  name: 'unique',
  description: 'No order comes twice.',
  blocking: true,
  run: async ({ load }) => {
    const ids = (await load()).map(({ id }) => id)
    const doubled = ids.length - new Set(ids).size
    return { passed: doubled === 0, metadata: { doubled } }
  },
})

export const ordersHavePrices = assetCheck({
  asset: orders,
  name: 'prices',
  description: 'Every order has a price.',
  run: async ({ load }) => {
    const free = (await load()).filter(({ cents }) => cents <= 0).length
    return { passed: free === 0, severity: 'WARN', metadata: { free } }
  },
})
