/**
 * A project for a person who clicks through Dagster's UI: something to terminate, to fix, to configure, to choose a partition of, and to wait
 * for. Steps write a line into `notes.txt` for what happened to them; `fixed` and `order` are files that a person makes.
 */
export const clickableDefinitions = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  asset, definitions, job, materializeResult, runRequest, schedule, sensor, skipReason, staticPartitions, timeWindowPartitions,
} from 'dagma'
import { z } from 'zod'

const note = (line: string): void => appendFileSync('notes.txt', line + '\\n')

const slow = asset({
  key: 'slow',
  run: async ({ signal }) => {
    signal.addEventListener('abort', () => note('slow: its signal fired'))
    note('slow: begun by ' + process.pid)
    await sleep(600_000, undefined, { signal })
  },
})
const upstream = asset({
  key: 'upstream',
  run: () => {
    note('upstream: made')
    return 1
  },
})
const fragile = asset({
  key: 'fragile',
  inputs: { upstream },
  run: ({ inputs }) => {
    if (!existsSync('fixed')) throw new Error('not fixed yet')
    note('fragile: made of ' + inputs.upstream)
    return inputs.upstream + 1
  },
})
const greeting = asset({
  key: 'greeting',
  config: z.object({ name: z.string().describe('Who is greeted'), times: z.number().int().min(1).default(1) }),
  run: ({ config }) => {
    note('greeting: ' + JSON.stringify(config))
    return config.name.repeat(config.times)
  },
})
const sales = asset({
  key: 'sales',
  partitions: staticPartitions(['de', 'fr', 'it']),
  run: ({ partitionKey }) => {
    note('sales: ' + partitionKey)
    return partitionKey
  },
})
const visits = asset({
  key: 'visits',
  partitions: staticPartitions(['mon', 'tue', 'wed']),
  run: ({ partitionKey }) => {
    note('visits: ' + partitionKey)
    return partitionKey
  },
})
const shop = asset({
  key: 'shop',
  description: 'Of ' + process.env.SHOP_NAME,
  run: () => {
    note('shop: ' + process.env.SHOP_NAME)
    return 1
  },
})
const readings = asset({
  key: 'readings',
  partitions: timeWindowPartitions({
    cronSchedule: '0 6 * * *', keyFormat: '%Y-%m-%d', start: '2026-11-01', end: '2026-11-14', exclude: ['0 6 * * 1'],
  }),
  backfillPolicy: 'single-run',
  checks: { complete: {} },
  run: ({ partitionKey, log }) => {
    log.info('reads the sensors')
    if (partitionKey === '2026-11-07') throw new Error('the sensor was off')
    const passed = partitionKey !== '2026-11-05'
    return materializeResult(1, { metadata: { day: partitionKey }, checks: { complete: { passed } } })
  },
})
const shelves = asset({
  key: 'shelves',
  partitions: staticPartitions(['a', 'b', 'c', 'd']),
  backfillPolicy: 'single-run',
  run: async ({ partitionKey, signal }) => {
    note('shelves: begun ' + partitionKey)
    if (partitionKey > 'b' && !existsSync('counted')) await sleep(600_000, undefined, { signal })
    note('shelves: counted ' + partitionKey)
    return partitionKey
  },
})
const report = asset({
  key: 'report',
  run: () => {
    note('report: made')
    return 1
  },
})

const report_job = job({ name: 'report_job', selection: [report] })
const jobs = [
  report_job,
  job({ name: 'slow_job', selection: [slow] }),
  job({ name: 'fragile_job', selection: [upstream, fragile] }),
  job({ name: 'greeting_job', selection: [greeting] }),
  job({ name: 'ada_job', selection: [greeting], config: { greeting: { name: 'Ada', times: 3 } } }),
  job({ name: 'shop_job', selection: [shop] }),
  job({ name: 'sales_job', selection: [sales] }),
  job({ name: 'visits_job', selection: [visits] }),
]

const nightly = schedule({ name: 'nightly', job: report_job, cronSchedule: '0 2 * * *', evaluate: () => runRequest({ tags: { asked_by: 'nightly' } }) })
const every_minute = schedule({ name: 'every_minute', job: report_job, cronSchedule: '* * * * *' })
const orders = sensor({
  name: 'orders',
  job: report_job,
  minimumIntervalSeconds: 1,
  run: ({ cursor }) => {
    const order = existsSync('order') ? readFileSync('order', 'utf8') : ''
    if (order === (cursor ?? '')) return skipReason('no new order')
    return { runRequests: [runRequest({ runKey: order, tags: { order } })], cursor: order }
  },
})

export default definitions({ assets: [slow, upstream, fragile, greeting, sales, visits, readings, shelves, shop, report], jobs, schedules: [nightly, every_minute], sensors: [orders] })
`
