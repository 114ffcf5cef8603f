import { job, schedule } from 'dagma'
import { orders, revenue } from './assets.ts'

export const ingestOrders = job({ name: 'ingest_orders', selection: [orders, revenue] })

/** Every night at 02:00 UTC, the day that has just ended. */
export const nightly = schedule({
  name: 'ingest_orders_nightly',
  job: ingestOrders,
  forPartitions: { hourOfDay: 2 },
  defaultStatus: 'RUNNING',
})
