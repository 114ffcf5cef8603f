import { definitions } from 'dagma'
import * as shop from './defs/shop.ts'

export default definitions({ modules: [shop] })
