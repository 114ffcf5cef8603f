import { definitions } from 'dagma'
import * as orders from './defs/orders/assets.ts'
import * as automation from './defs/orders/automation.ts'
import * as checks from './defs/orders/checks.ts'
import { shop, shopFromEnv } from './resources/shop.ts'

export default definitions({ modules: [orders, checks, automation], resources: { shop: shop(shopFromEnv) } })
