/** Wrong use of types does not compile: each `@ts-expect-error` fails the build when it does. */
import { expectTypeOf, test } from 'vitest'
import { type Asset, asset } from './assets/asset.ts'
import { assetCheck } from './assets/asset-check.ts'
import { mapped, type ValueOf } from './assets/asset-spec.ts'
import { multiAsset } from './assets/multi-asset.ts'
import { materializeResult } from './assets/results.ts'
import { job } from './automation/job.ts'
import { schedule } from './automation/schedule.ts'
import { sensor } from './automation/sensor.ts'
import { definitions } from './definitions.ts'
import { PartitionMapping } from './partitions/partition-mapping.ts'
import { resource } from './resource.ts'

const db = resource({ open: (_: { url: string }) => ({ query: (_sql: string): number => 1 }) })
const slack = resource({ open: (_: object) => ({ post: (_text: string): void => {} }) })
const orders = asset({ key: 'orders', run: async () => materializeResult([{ id: 1 }], { n: 1 }) })

test('values flow to consumers', () => {
  expectTypeOf<ValueOf<typeof orders>>().toEqualTypeOf<{ id: number }[]>()
  const size = asset({ key: 'size', inputs: { orders }, run: ({ inputs }) => inputs.orders.length })
  expectTypeOf<ValueOf<typeof size>>().toEqualTypeOf<number>()
  // @ts-expect-error an order has no such member
  asset({ key: 'wrong', inputs: { orders }, run: ({ inputs }) => inputs.orders[0]?.price })
  // @ts-expect-error nothing is named so
  asset({ key: 'wrong', inputs: { orders }, run: ({ inputs }) => inputs.order })
  // @ts-expect-error an unknown option
  asset({ key: 'wrong', input: { orders }, run: () => 1 })
})

test('a mapping to several partitions makes the input an object', () => {
  asset({
    key: 'all',
    inputs: { every: mapped(orders, PartitionMapping.all()), last: mapped(orders, PartitionMapping.last()) },
    run: ({ inputs }) => {
      expectTypeOf(inputs.every).toEqualTypeOf<{ readonly [partitionKey: string]: { id: number }[] }>()
      expectTypeOf(inputs.last).toEqualTypeOf<{ id: number }[]>()
    },
  })
})

test('the parts of a multi-asset have their own types', () => {
  const shop = multiAsset({ name: 'shop', assets: { a: {}, b: {} }, run: () => ({ a: materializeResult([1]), b: 'text' }) })
  expectTypeOf<ValueOf<typeof shop.assets.a>>().toEqualTypeOf<number[]>()
  expectTypeOf<ValueOf<typeof shop.assets.b>>().toEqualTypeOf<string>()
  // @ts-expect-error b is missing
  multiAsset({ name: 'shop', assets: { a: {}, b: {} }, run: () => ({ a: 1 }) })
  // @ts-expect-error b is missing, later
  multiAsset({ name: 'shop', assets: { a: {}, b: {} }, run: async ({ log }) => ({ a: log }) })
  const some = multiAsset({
    name: 'some',
    canSubset: true,
    assets: { a: {}, b: {} },
    run: async ({ selected }) => (selected.has('a') ? { a: 1 } : { b: 'text' }),
  })
  expectTypeOf<ValueOf<typeof some.assets.a>>().toEqualTypeOf<number>()
  // @ts-expect-error there is no such part
  expectTypeOf(shop.assets.c).toBeAny()
})

test('a check loads what its asset gives', () => {
  assetCheck({
    asset: orders,
    name: 'some',
    run: async ({ load }) => {
      expectTypeOf(await load()).toEqualTypeOf<{ id: number }[]>()
      return { passed: true }
    },
  })
  // @ts-expect-error a check says whether it passed
  assetCheck({ asset: orders, name: 'none', run: () => ({}) })
})

test('resources must be bound, with the right client', () => {
  const used = asset({ key: 'used', resources: { db }, run: ({ resources }) => resources.db.query('select 1') })
  const check = assetCheck({ asset: used, name: 'c', resources: { slack }, run: () => ({ passed: true }) })
  const told = job({ name: 'told', selection: [used], resources: { slack }, onFailure: ({ resources }) => resources.slack.post('x') })
  const bound = { db: db({ url: '' }), slack: slack({}) }
  const plainly = schedule({ name: 'plainly', job: 'told', cronSchedule: '@daily' })
  const announced = schedule({
    name: 'announced',
    job: told,
    cronSchedule: '@daily',
    resources: { slack },
    evaluate: ({ resources }) => {
      resources.slack.post('x')
      return undefined
    },
  })
  const quiet = sensor({ name: 'quiet', job: told, run: () => undefined })
  const heard = sensor({ name: 'heard', job: told, resources: { slack }, run: () => undefined })
  const ticks = { schedules: [plainly, announced], sensors: [quiet, heard] }
  definitions({ assets: [used], checks: [check], jobs: [told], ...ticks, resources: bound })
  const missing = () => {
    // @ts-expect-error db is missing
    definitions({ assets: [used] })
    // @ts-expect-error slack, which a check uses, is missing
    definitions({ assets: [used], checks: [check], resources: { db: bound.db } })
    // @ts-expect-error slack, which a hook uses, is missing
    definitions({ assets: [used], jobs: [told], resources: { db: bound.db } })
    // @ts-expect-error slack, which a schedule uses, is missing
    definitions({ assets: [used], schedules: [plainly, announced], resources: { db: bound.db } })
    // @ts-expect-error slack, which a sensor uses, is missing
    definitions({ assets: [used], schedules: [plainly], sensors: [quiet, heard], resources: { db: bound.db } })
    // @ts-expect-error another client
    definitions({ assets: [used], resources: { db: bound.slack } })
    // @ts-expect-error wrong settings
    db({ uri: '' })
  }
  expectTypeOf(missing).toBeFunction()
  expectTypeOf(used).toExtend<Asset<number>>()
})
