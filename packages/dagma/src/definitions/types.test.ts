/** What TypeScript infers and refuses: this file is compiled with the others, so that a lost error fails the build. */
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  type Asset,
  asset,
  definitions,
  type MaterializeResult,
  MetadataValue,
  materialize,
  materializeResult,
  type ResourcesFor,
  resource,
  type StepLog,
  type ValueOf,
} from '../index.ts'

interface Client {
  query: (sql: string) => Promise<number[]>
}
const database = resource<{ url: string }, Client>({ open: () => ({ query: async () => [1] }) })
const cache = resource({ open: (settings: { size: number }) => ({ get: (_key: string) => settings.size }) })

/** Takes code that must compile or not, and never runs it. */
function compiled(_code: () => unknown): void {
  expect(true).toBe(true)
}

describe('values', () => {
  const orders = asset({ key: 'orders', run: () => [{ id: 1 }] })
  const wrapped = asset({ key: 'wrapped', run: async () => materializeResult({ total: 1 }, { count: 1 }) })

  test('flow from what a function returns, bare or with metadata, at once or later', () => {
    expectTypeOf<ValueOf<typeof orders>>().toEqualTypeOf<{ id: number }[]>()
    expectTypeOf<ValueOf<typeof wrapped>>().toEqualTypeOf<{ total: number }>()
    const nothing = asset({ key: 'nothing', run: () => {} })
    expectTypeOf<ValueOf<typeof nothing>>().toEqualTypeOf<void>()
    const either = asset({ key: 'either', run: ({ runId }) => (runId === '' ? 'text' : 5) })
    expectTypeOf<ValueOf<typeof either>>().toEqualTypeOf<'text' | 5>()
  })

  test('arrive at the consumer', () => {
    const consumer = asset({
      key: 'consumer',
      inputs: { orders, wrapped },
      deps: [orders, 'text/key', ['path', 'key']],
      run: ({ inputs, assetKey, retryNumber, log, signal }) => {
        expectTypeOf(inputs.orders).toEqualTypeOf<{ id: number }[]>()
        expectTypeOf(inputs.wrapped).toEqualTypeOf<{ total: number }>()
        expectTypeOf(inputs).not.toHaveProperty('other')
        expectTypeOf(assetKey).toEqualTypeOf<readonly string[]>()
        expectTypeOf(retryNumber).toEqualTypeOf<number>()
        expectTypeOf(log).toEqualTypeOf<StepLog>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        return inputs.orders.length
      },
    })
    expectTypeOf<ValueOf<typeof consumer>>().toEqualTypeOf<number>()
  })

  test('used wrongly do not compile', () => {
    compiled(() =>
      asset({
        key: 'wrong',
        inputs: { orders },
        // @ts-expect-error orders is an array
        run: ({ inputs }) => inputs.orders.toFixed(2),
      }),
    )
    compiled(() =>
      asset({
        key: 'wrong',
        inputs: { orders },
        // @ts-expect-error there is no such input
        run: ({ inputs }) => inputs.order,
      }),
    )
    // @ts-expect-error an input is an asset, not its key
    compiled(() => asset({ key: 'wrong', inputs: { orders: 'orders' }, run: () => 1 }))
    // @ts-expect-error an asset has a function
    compiled(() => asset({ key: 'wrong' }))
    // @ts-expect-error and no other options
    compiled(() => asset({ key: 'wrong', dependencies: [], run: () => 1 }))
  })

  test('come back from a run', () => {
    compiled(async () => {
      const run = await materialize(definitions({ assets: [orders] }))
      expectTypeOf(run.load(orders)).toEqualTypeOf<Promise<{ id: number }[]>>()
      expectTypeOf(run.status).toEqualTypeOf<'SUCCESS' | 'FAILURE' | 'CANCELED'>()
    })
  })
})

describe('resources', () => {
  const uses = asset({
    key: 'uses',
    resources: { db: database, cache },
    run: async ({ resources }) => {
      expectTypeOf(resources.db).toEqualTypeOf<Client>()
      expectTypeOf(resources.cache.get('a')).toEqualTypeOf<number>()
      return resources.db.query('select 1')
    },
  })
  const none = asset({ key: 'none', run: () => 1 })

  test('used wrongly do not compile', () => {
    compiled(() =>
      asset({
        key: 'wrong',
        resources: { db: database },
        // @ts-expect-error the client has no such method
        run: ({ resources }) => resources.db.execute('x'),
      }),
    )
    compiled(() =>
      asset({
        key: 'wrong',
        // @ts-expect-error the resource was not named
        run: ({ resources }) => resources.db,
      }),
    )
    // @ts-expect-error settings of another type
    compiled(() => database({ port: 1 }))
    compiled(() => database(() => ({ url: 'late' })))
  })

  test('must all be bound, each to its own kind', () => {
    const bound = { db: database({ url: 'x' }), cache: cache({ size: 1 }) }
    compiled(() => definitions({ assets: [uses, none], resources: bound }))
    compiled(() => definitions({ assets: [uses], resources: { ...bound, unused: cache({ size: 2 }) } }))
    compiled(() => definitions({ assets: [none] }))
    // @ts-expect-error resources are missing
    compiled(() => definitions({ assets: [uses] }))
    // @ts-expect-error one resource is missing
    compiled(() => definitions({ assets: [uses, none], resources: { db: bound.db } }))
    // @ts-expect-error a client of another kind
    compiled(() => definitions({ assets: [uses], resources: { ...bound, db: cache({ size: 1 }) } }))
    // @ts-expect-error a kind, not bound
    compiled(() => definitions({ assets: [uses], resources: { ...bound, db: database } }))
    expectTypeOf<ResourcesFor<typeof uses | typeof none>>().toHaveProperty('db')
  })
})

describe('config', () => {
  test('has the type of what its schema gives', () => {
    asset({
      key: 'configured',
      config: z.object({ limit: z.number().default(3), since: z.coerce.date() }),
      run: ({ config }) => {
        expectTypeOf(config).toEqualTypeOf<{ limit: number; since: Date }>()
      },
    })
    asset({
      key: 'unconfigured',
      run: ({ config }) => {
        expectTypeOf(config).toEqualTypeOf<undefined>()
      },
    })
  })

  test('used wrongly does not compile', () => {
    compiled(() =>
      asset({
        key: 'wrong',
        config: z.object({ limit: z.number() }),
        // @ts-expect-error no such field
        run: ({ config }) => config.limits,
      }),
    )
    // @ts-expect-error a shape is no schema
    compiled(() => asset({ key: 'wrong', config: { limit: z.number() }, run: () => 1 }))
  })
})

describe('metadata', () => {
  test('takes JSON, dates and made values', () => {
    const result = materializeResult(1, {
      a: 1,
      b: [{ c: null }],
      d: new Date(),
      e: MetadataValue.url('https://example.com'),
      f: undefined,
    })
    expectTypeOf(result).toEqualTypeOf<MaterializeResult<number>>()
  })

  test('takes nothing else', () => {
    // @ts-expect-error a function is no metadata
    compiled(() => materializeResult(1, { a: () => 1 }))
    // @ts-expect-error a BigInt is no JSON
    compiled(() => materializeResult(1, { a: { b: 1n } }))
    // @ts-expect-error a Map would become an empty object
    compiled(() => materializeResult(1, { a: new Map() }))
    // @ts-expect-error md takes text
    compiled(() => MetadataValue.md(5))
  })
})

test('assets of any kind are Assets', () => {
  expectTypeOf(asset({ key: 'a', run: () => 'x' })).toExtend<Asset>()
  expectTypeOf(asset({ key: 'a', resources: { database }, run: () => 'x' })).toExtend<Asset>()
})
