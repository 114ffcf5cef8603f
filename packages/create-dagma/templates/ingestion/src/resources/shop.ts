/** The shop's API, or, without an address, a local backend that makes up its orders. */
import { resource, type Secret, secret } from 'dagma'
import { httpService } from 'dagma/author'

export interface Order {
  id: string
  product: string
  cents: number
}

export interface Shop {
  readonly backend: 'shop' | 'local'
  orders(day: string, signal: AbortSignal): Promise<Order[]>
}

export interface ShopSettings {
  /** Root of the API; undefined: the local backend. */
  url: string | undefined
  token: Secret
}

export function shopFromEnv(): ShopSettings {
  return { url: process.env.SHOP_URL || undefined, token: secret('SHOP_TOKEN') }
}

export const shop = resource({
  open: ({ url, token }: ShopSettings): Shop => {
    if (url === undefined) return { backend: 'local', orders: async (day) => madeUp(day) }
    const api = httpService({
      system: 'Shop',
      baseUrl: url,
      baseUrlSetting: 'SHOP_URL',
      auth: { bearer: token },
      authSetting: 'SHOP_TOKEN',
    })
    return {
      backend: 'shop',
      orders: (day, signal) => api.json<Order[]>({ operation: 'list orders', method: 'GET', path: 'orders', query: { day }, signal }),
    }
  },
})

function madeUp(day: string): Order[] {
  const products = ['coffee', 'tea', 'cocoa']
  const count = 3 + (Number(day.slice(-2)) % 5)
  return Array.from({ length: count }, (_, index) => ({
    id: `${day}-${index + 1}`,
    product: products[index % products.length] ?? 'coffee',
    cents: 250 + index * 100,
  }))
}
