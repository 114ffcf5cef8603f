/** Wrong use of types does not compile: each `@ts-expect-error` fails the build when it does. */
import { expect, expectTypeOf, test } from 'vitest'
import { type Asset, asset } from './assets/asset.ts'
import { assetCheck } from './assets/asset-check.ts'
import { mapped, type ValueOf } from './assets/asset-spec.ts'
import type { externalAsset } from './assets/external-asset.ts'
import { typedIOManager } from './assets/io-manager.ts'
import { multiAsset } from './assets/multi-asset.ts'
import { observableAsset } from './assets/observable-asset.ts'
import { type CheckProblem, type MaterializeResult, materializeResult } from './assets/results.ts'
import type { StorageProblem, Stored } from './assets/stored.ts'
import { job } from './automation/job.ts'
import { schedule } from './automation/schedule.ts'
import { sensor } from './automation/sensor.ts'
import { definitions } from './definitions.ts'
import type { PartitionKeyRange, PartitionTimeWindow } from './partitions/partition-context.ts'
import { PartitionMapping } from './partitions/partition-mapping.ts'
import { dailyPartitions, multiPartitions, staticPartitions } from './partitions/partitions.ts'
import { resource } from './resource.ts'

const db = resource({ open: (_: { url: string }) => ({ query: (_sql: string): number => 1 }) })
const slack = resource({ open: (_: object) => ({ post: (_text: string): void => {} }) })
const orders = asset({ key: 'orders', run: async () => materializeResult([{ id: 1 }], { metadata: { n: 1 } }) })

test('values flow to consumers', () => {
  expectTypeOf<ValueOf<typeof orders>>().toEqualTypeOf<{ id: number }[]>()
  const size = asset({ key: 'size', inputs: { orders }, run: ({ inputs }) => inputs.orders.length })
  expectTypeOf<ValueOf<typeof size>>().toEqualTypeOf<number>()
  // @ts-expect-error an order has no such member
  asset({ key: 'wrong', inputs: { orders }, run: ({ inputs }) => inputs.orders[0]?.price })
  // @ts-expect-error nothing is named so
  asset({ key: 'wrong', inputs: { orders }, run: ({ inputs }) => inputs.order })
  // @ts-expect-error an unknown option
  expect(() => asset({ key: 'wrong', input: { orders }, run: () => 1 })).toThrow('Did you mean "inputs"?')
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
  const any = multiAsset({
    name: 'any',
    canSubset: true,
    assets: { a: {}, b: {} },
    run: ({ selected }) => Object.fromEntries([...selected].map((name) => [name, name.length])),
  })
  expectTypeOf<ValueOf<typeof any.assets.a>>().toEqualTypeOf<number>()
  // @ts-expect-error c is not one of its assets
  multiAsset({ name: 'shop', assets: { a: {}, b: {} }, run: () => ({ a: 1, b: 2, c: 3 }) })
  // @ts-expect-error c is not one of its assets, of which some are made
  multiAsset({ name: 'shop', assets: { a: {}, b: {} }, canSubset: true, run: async ({ selected }) => ({ a: selected.size, c: 3 }) })
  // @ts-expect-error it makes nothing
  multiAsset({ name: 'shop', assets: {}, run: () => ({}) })
  // @ts-expect-error it returns no object
  multiAsset({ name: 'shop', assets: { a: {} }, run: () => 1 })
})

test('a wrong option of a multi-asset is an error at that option', () => {
  const run = () => ({ a: 1, b: 2 })
  const wrong = () => {
    multiAsset({
      name: 'shop',
      assets: { a: {}, b: {} },
      // @ts-expect-error no retry policy
      retryPolicy: 3,
      run,
    })
    multiAsset({
      name: 'shop',
      assets: {
        // @ts-expect-error no group
        a: { group: 3 },
        b: {},
      },
      run,
    })
    multiAsset({
      name: 'shop',
      // @ts-expect-error no such option
      dependencies: [orders],
      assets: { a: {}, b: {} },
      run,
    })
  }
  expectTypeOf(wrong).toBeFunction()
})

test('what modules export needs its resources as what the lists hold does', () => {
  const tickets = { stored: asset({ key: 'stored', resources: { db }, run: () => 1 }), rows: [1], table: 'tickets' }
  const alerts = { perTeam: [job({ name: 'alert', selection: 'stored', resources: { slack } })], teams: ['a', 'b'] }
  const url = { url: 'x' }
  definitions({ modules: [tickets, alerts], resources: { db: db(url), slack: slack({}) } })
  definitions({ assets: [orders], modules: [{ teams: alerts.teams }] })
  // @ts-expect-error the asset's resource is not bound
  expect(() => definitions({ modules: [tickets, alerts], resources: { slack: slack({}) } })).toThrow('uses the resource "db"')
  // @ts-expect-error the resource of a job in an exported list is not bound
  expect(() => definitions({ modules: [tickets, alerts], resources: { db: db(url) } })).toThrow('uses the resource "slack"')
  // @ts-expect-error a client of another type
  expectTypeOf(() => definitions({ modules: [tickets], resources: { db: slack({}) } })).toBeFunction()
  // @ts-expect-error no modules
  expect(() => definitions({ modules: ['./tickets.ts'] })).toThrow('has something else than a module at position 1')
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
  const notified = job({
    name: 'notified',
    selection: [used],
    resources: { slack },
    onFailure: ({ resources }) => resources.slack.post('x'),
  })
  const bound = { db: db({ url: '' }), slack: slack({}) }
  const plainly = schedule({ name: 'plainly', job: 'notified', cronSchedule: '@daily' })
  const announced = schedule({
    name: 'announced',
    job: notified,
    cronSchedule: '@daily',
    resources: { slack },
    evaluate: ({ resources }) => {
      resources.slack.post('x')
      return undefined
    },
  })
  const quiet = sensor({ name: 'quiet', job: notified, run: () => undefined })
  const heard = sensor({ name: 'heard', job: notified, resources: { slack }, run: () => undefined })
  const ticks = { schedules: [plainly, announced], sensors: [quiet, heard] }
  definitions({ assets: [used], checks: [check], jobs: [notified], ...ticks, resources: bound })
  const missing = () => {
    // @ts-expect-error db is missing
    definitions({ assets: [used] })
    // @ts-expect-error slack, which a check uses, is missing
    definitions({ assets: [used], checks: [check], resources: { db: bound.db } })
    // @ts-expect-error slack, which a hook uses, is missing
    definitions({ assets: [used], jobs: [notified], resources: { db: bound.db } })
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

interface Order {
  readonly id: number
  at: Date
  note: string | undefined
  more?: Date
  lines: readonly { sku: string; weights: [number, number] }[]
}
interface Tree {
  children: Tree[]
  at: Date
}
interface BadTree {
  children: BadTree[]
  seen: Set<string>
}
interface LooksLikeAnError {
  name: string
  message: string
}
class Money {
  readonly cents = 1
  twice(): number {
    return this.cents * 2
  }
}
type AnyJson = string | number | boolean | null | readonly AnyJson[] | { readonly [member: string]: AnyJson | undefined }

test('consumers get what JSON returns', () => {
  expectTypeOf<Stored<Order>>().toEqualTypeOf<{
    readonly id: number
    at: string
    note?: string
    more?: string
    lines: readonly { sku: string; weights: [number, number] }[]
  }>()
  expectTypeOf<Stored<Tree>['children'][0]['children'][0]['at']>().toEqualTypeOf<string>()
  expectTypeOf<Stored<[Date, number?]>>().toEqualTypeOf<[string, number?]>()
  expectTypeOf<Stored<{ [day: string]: Date }>>().toEqualTypeOf<{ [day: string]: string }>()
  expectTypeOf<Stored<URL | undefined>>().toEqualTypeOf<string | null>()
  expectTypeOf<Stored<void>>().toEqualTypeOf<null>()
  expectTypeOf<Stored<AnyJson>>().toExtend<AnyJson>()
  expectTypeOf<Stored<unknown>>().toBeUnknown()
  expectTypeOf<Stored<LooksLikeAnError>>().toEqualTypeOf<LooksLikeAnError>()
  const dated = asset({ key: 'dated', run: async () => materializeResult([{ at: new Date(), of: orders.key }]) })
  expectTypeOf<ValueOf<typeof dated>>().toEqualTypeOf<{ at: string; of: readonly string[] }[]>()
  // @ts-expect-error a Date comes back as text
  asset({ key: 'wrong', inputs: { dated }, run: ({ inputs }) => inputs.dated[0]?.at.getTime() })
  const either = asset({ key: 'either', run: ({ retryNumber }) => (retryNumber > 0 ? materializeResult('late') : retryNumber) })
  expectTypeOf<ValueOf<typeof either>>().toEqualTypeOf<string | number>()
  expectTypeOf<ValueOf<ReturnType<typeof externalAsset<Order>>>>().toEqualTypeOf<Order>()
})

type Is<What extends string> =
  `The value cannot be stored as JSON: ${What}. Return plain data, or name an IO manager that keeps it, by typedIOManager().`

test('what JSON cannot hold does not compile, for a reason that reads as a sentence', () => {
  expectTypeOf<StorageProblem<Map<string, number>>>().toEqualTypeOf<Is<'it is a Map'>>()
  expectTypeOf<StorageProblem<{ rows: { seen: Set<1> }[] }>>().toEqualTypeOf<Is<'it has a Set at "rows[].seen"'>>()
  expectTypeOf<StorageProblem<{ row: Promise<1> }>>().toEqualTypeOf<Is<'it has a Promise (is an await missing?) at "row"'>>()
  expectTypeOf<StorageProblem<Money>>().toEqualTypeOf<Is<'it has a function at "twice"'>>()
  expectTypeOf<StorageProblem<() => 1>>().toEqualTypeOf<Is<'it is a function'>>()
  expectTypeOf<StorageProblem<{ id: bigint }>>().toEqualTypeOf<Is<'it has a bigint at "id"'>>()
  expectTypeOf<StorageProblem<symbol>>().toEqualTypeOf<Is<'it is a symbol'>>()
  expectTypeOf<StorageProblem<{ vector: Float32Array }>>().toEqualTypeOf<Is<'it has binary data at "vector"'>>()
  expectTypeOf<StorageProblem<Buffer | string>>().toEqualTypeOf<Is<'it is binary data'>>()
  expectTypeOf<StorageProblem<{ error?: Error }>>().toEqualTypeOf<Is<'it has an Error at "error"'>>()
  expectTypeOf<StorageProblem<RegExp>>().toEqualTypeOf<Is<'it is a RegExp'>>()
  expectTypeOf<StorageProblem<Headers>>().toEqualTypeOf<Is<'it is an iterable that is not a list'>>()
  expectTypeOf<StorageProblem<(string | undefined)[]>>().toEqualTypeOf<Is<'it has undefined at "[]"'>>()
  expectTypeOf<StorageProblem<BadTree>>().not.toBeNever()
  expectTypeOf<StorageProblem<Order | Tree | LooksLikeAnError | AnyJson | URL | undefined>>().toBeNever()
  const wrong = () => {
    // @ts-expect-error a Map
    asset({ key: 'wrong', run: () => new Map([[1, 2]]) })
    // @ts-expect-error a forgotten await
    asset({ key: 'wrong', run: async ({ log }) => ({ log: 1, value: Promise.resolve(log) }) })
    // @ts-expect-error a Map in a part
    multiAsset({ name: 'wrong', assets: { a: {} }, run: ({ selected }) => ({ a: new Set(selected) }) })
  }
  expectTypeOf(wrong).toBeFunction()
})

test('a typed IO manager returns what it was given', () => {
  const kept = asset({ key: 'kept', ioManager: typedIOManager('own'), run: async ({ log }) => new Map([[1, log.info.name]]) })
  expectTypeOf<ValueOf<typeof kept>>().toEqualTypeOf<Map<number, string>>()
  const parts = multiAsset({ name: 'parts', assets: { a: {} }, ioManager: typedIOManager<Date>('own'), run: () => ({ a: new Date() }) })
  expectTypeOf<ValueOf<typeof parts.assets.a>>().toEqualTypeOf<Date>()
  const untyped = asset({ key: 'untyped', ioManager: 'own', run: () => new Date() })
  expectTypeOf<ValueOf<typeof untyped>>().toEqualTypeOf<string>()
  // @ts-expect-error it keeps dates
  asset({ key: 'wrong', ioManager: typedIOManager<Date>('own'), run: async ({ log }) => log.info.name })
})

test('a generic function declares an asset by a result type without type parameters, or with a typed IO manager', () => {
  const plain = <Row extends { id: string }>(rows: Row[]) => asset({ key: 'plain', run: (): readonly { id: string }[] => rows })
  const kept = <Row extends { id: string }>(rows: Row[]) => asset({ key: 'kept', ioManager: typedIOManager('own'), run: () => rows })
  expectTypeOf<ValueOf<ReturnType<typeof plain>>>().toEqualTypeOf<readonly { id: string }[]>()
  expectTypeOf(kept([{ id: 'x', n: 1 }])).toExtend<Asset<{ id: string; n: number }[]>>()
})

test('partitionKey is there when the asset has partitions', () => {
  const partitions = dailyPartitions({ start: '2026-01-01' })
  asset({ key: 'daily', partitions, run: ({ partitionKey }) => expectTypeOf(partitionKey).toBeString() && 1 })
  observableAsset({ key: 'seen', partitions, run: ({ partitionKey }) => ({ dataVersion: partitionKey }) })
  multiAsset({ name: 'both', assets: { a: { partitions }, b: { partitions } }, run: ({ partitionKey: a }) => ({ a, b: a.length }) })
  assetCheck({
    asset: orders,
    name: 'some',
    run: ({ partitionKey }) => {
      expectTypeOf(partitionKey).toEqualTypeOf<string | undefined>()
      return { passed: true }
    },
  })
  // @ts-expect-error it has none
  asset({ key: 'wrong', run: ({ partitionKey }) => partitionKey })
  // @ts-expect-error it has none
  observableAsset({ key: 'wrong', run: ({ partitionKey }) => ({ dataVersion: partitionKey }) })
  // @ts-expect-error they have none
  multiAsset({ name: 'wrong', assets: { a: {} }, run: ({ partitionKey }) => ({ a: partitionKey }) })
})

test('what a step knows of its partition has the types of the definition', () => {
  const day = dailyPartitions({ start: '2026-01-01' })
  const region = staticPartitions(['de', 'fr'])
  asset({
    key: 'daily',
    partitions: day,
    run: ({ partitionTimeWindow, partitionKeyRange, hasPartitionKey }) => {
      expectTypeOf(partitionTimeWindow).toEqualTypeOf<PartitionTimeWindow>()
      expectTypeOf(partitionKeyRange).toEqualTypeOf<PartitionKeyRange>()
      expectTypeOf(hasPartitionKey).toBeBoolean()
      return 1
    },
  })
  asset({
    key: 'regional',
    partitions: region,
    run: ({ partitionKey, partitionKeyRange }) => {
      expectTypeOf(partitionKey).toEqualTypeOf<'de' | 'fr'>()
      expectTypeOf(partitionKeyRange.end).toEqualTypeOf<'de' | 'fr'>()
      return 1
    },
  })
  const both = multiPartitions({ day, region })
  asset({
    key: 'both',
    partitions: both,
    run: ({ partitionKey, partitionKeys, partitionTimeWindow }) => {
      expectTypeOf(partitionKey).toBeString()
      expectTypeOf(partitionKeys).toEqualTypeOf<{ readonly day: string; readonly region: 'de' | 'fr' }>()
      expectTypeOf(partitionTimeWindow.start).toEqualTypeOf<Date>()
      return 1
    },
  })
  multiAsset({
    name: 'parts',
    assets: { a: { partitions: both }, b: { partitions: both } },
    run: ({ partitionKeys: { region: a } }) => {
      expectTypeOf(a).toEqualTypeOf<'de' | 'fr'>()
      return { a, b: 1 }
    },
  })
  // @ts-expect-error it has no time
  asset({ key: 'wrong', partitions: region, run: ({ partitionTimeWindow }) => partitionTimeWindow })
  // @ts-expect-error two dimensions have time
  asset({ key: 'wrong', partitions: multiPartitions({ a: day, b: day }), run: ({ partitionTimeWindow }) => partitionTimeWindow })
  // @ts-expect-error it has no dimensions
  asset({ key: 'wrong', partitions: day, run: ({ partitionKeys }) => partitionKeys })
  // @ts-expect-error there is no such dimension
  asset({ key: 'wrong', partitions: both, run: ({ partitionKeys }) => partitionKeys.country })
  // @ts-expect-error it has no partitions
  asset({ key: 'wrong', run: ({ hasPartitionKey }) => hasPartitionKey })
})

test('the name of a check in a result is one that the asset declares', () => {
  const checks = { full: {}, fresh: { blocking: true } }
  const passed = { passed: true }
  asset({ key: 'a', checks, run: async ({ log }) => materializeResult(log.info.name, { checks: { full: passed, fresh: passed } }) })
  expectTypeOf<
    CheckProblem<MaterializeResult<1, 'ful'>, 'full'>
  >().toEqualTypeOf<'The asset does not declare a check named "ful" under `checks`.'>()
  // @ts-expect-error a typo
  asset({ key: 'wrong', checks, run: () => materializeResult(1, { checks: { ful: passed, fresh: passed } }) })
  // @ts-expect-error no check is declared
  asset({ key: 'wrong', run: () => materializeResult(1, { checks: { full: passed } }) })
  // @ts-expect-error a typo in a part
  multiAsset({ name: 'wrong', assets: { a: { checks } }, run: () => ({ a: materializeResult(1, { checks: { ful: passed } }) }) })
})
